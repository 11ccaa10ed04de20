import * as z from "zod";
import { OwnService } from "../experiment/own-service.ts";

/** What the path probe does, as the file that it is started with says. */
export const PathPlan = z.object({
  /** Its path is put before those of the requests. */
  target: OwnService.shape.target,
  /** The history to write. */
  out: z.string(),
  run: z.string().regex(/^[A-Za-z0-9-]{1,40}$/),
  clients: z.int().min(1),
  /** Between two requests of the same kind by the same client, ms. */
  intervalMs: z.number().positive(),
  deadlineMs: z.number().positive(),
  /** Longer than any round; should whoever started it be killed, it ends by itself. */
  atMostSeconds: z.number().positive(),
  reads: OwnService.shape.reads,
  writes: OwnService.shape.writes,
});
export type PathPlan = z.infer<typeof PathPlan>;
/** What has a default may be left out. */
export type PathPlanInput = z.input<typeof PathPlan>;
