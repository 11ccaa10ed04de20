import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parseLines } from "../history/lines.ts";

/** The lines of a file of role samples (JSONL). Times are ms of the clock in `clock.ts`. */
const SamplesHeader = z.object({
  e: z.literal("roles"),
  version: z.literal(1),
  nodes: z.array(z.string()),
  intervalMs: z.number(),
  at: z.number(),
  wallClock: z.string(),
});

/** What a node's Patroni said about itself, at some moment between start and end. */
const SampleEntry = z.object({
  e: z.literal("sample"),
  node: z.string(),
  start: z.number(),
  end: z.number(),
  /** Undefined: no answer. `primary`, `replica`, or another word of Patroni. */
  role: z.string().optional(),
  state: z.string().optional(),
  timeline: z.int().optional(),
  error: z.string().optional(),
});

export const RolesEntry = z.discriminatedUnion("e", [SamplesHeader, SampleEntry]);
export type RolesEntry = z.infer<typeof RolesEntry>;
export type RoleSample = z.infer<typeof SampleEntry>;

/** In the order of their ends. Throws where the file cannot be read or holds something else; its last line may be cut. */
export async function readRoleSamples(path: string): Promise<readonly RoleSample[]> {
  const { lines } = parseLines(await readFile(path, "utf8"), RolesEntry);
  return lines.filter((line) => line.e === "sample");
}
