import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readRecording } from "./journal.ts";
import { type Replayed, replay } from "./replay.ts";

const FOLDER = join(import.meta.dirname, "../recordings");
/** What a recording must lead to is the first part of its name: `fence-disk-stall.jsonl`. */
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));

async function actionsIn(file: string): Promise<string[]> {
  const found: Replayed[] = [];
  for await (const verdict of replay(readRecording(join(FOLDER, file)))) found.push(verdict);
  return found.flatMap(({ act }) => (act === "nothing" || act === "advise" ? [] : [act.replaceAll(" ", "-")]));
}

test.each(files)("the judgement of the recording %s", async (file) => {
  const actions = await actionsIn(file);
  if (file.startsWith("nothing-")) expect(actions).toEqual([]);
  else {
    const [first = ""] = actions;
    expect(`${first}-`).toBe(file.slice(0, first.length + 1) || "an action");
  }
});
