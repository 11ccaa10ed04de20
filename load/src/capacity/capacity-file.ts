import * as z from "zod";
import { RunRecord, renameFields } from "../record/record.ts";
import { Search } from "./find-capacity.ts";
import { StepResult } from "./judge-step.ts";

export const CAPACITY_FILE = "capacity.json";
export const CAPACITY_FORMAT = 2;

const CurrentFile = z.object({
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

/** A search as it is stored after every step: one that was interrupted is resumed from here, and the results are written from here. */
export const CapacityFile = z.preprocess(upgraded, CurrentFile);
export type CapacityFile = z.infer<typeof CurrentFile>;

const Format1 = z.looseObject({ format: z.literal(1), ended: z.string() });

/** A file of format 1 in the current form; anything else as it is. */
function upgraded(content: unknown): unknown {
  const parsed = Format1.safeParse(content);
  if (!parsed.success) return content;
  const ended = parsed.data.ended === "most" ? "max" : parsed.data.ended;
  const names = { most: "max", gaveOut: "saturation", ownLimit: "replicaLimit" };
  return renameFields({ ...parsed.data, format: CAPACITY_FORMAT, ended }, names);
}
