import * as z from "zod";
import { RunRecord } from "../record/record.ts";
import { Search } from "./find-capacity.ts";
import { StepResult } from "./judge-step.ts";

export const CAPACITY_FILE = "capacity.json";
export const CAPACITY_FORMAT = 2;

/**
 * A search as it is stored after every step: one that was interrupted is resumed from here, and the results are written from here. Not from a file of
 * an older format: half of such a search would measure another version of the service.
 */
export const CapacityFile = z.object({
  format: z.literal(CAPACITY_FORMAT),
  /** A search is resumed with these only. */
  search: Search,
  ended: z.enum(["found", "max", "too many steps", "interrupted"]),
  held: z.int(),
  broke: z.int().optional(),
  steps: z.array(StepResult),
  /** Of the last step's run: scenario, target, commit and computer of the whole search. */
  record: RunRecord,
});

export type CapacityFile = z.infer<typeof CapacityFile>;
