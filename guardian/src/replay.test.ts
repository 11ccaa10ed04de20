import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { waiting, well, withDatabase } from "./evidence.fixture.ts";
import { readRecording, recordedSince } from "./journal.ts";
import { type Replayed, replay } from "./replay.ts";

const FOLDER = join(import.meta.dirname, "../recordings");
/** What a recording must lead to is the first part of its name: `fence-disk-stall.jsonl`. */
const files = readdirSync(FOLDER).filter((name) => /\.jsonl(?:\.gz)?$/.test(name));

async function actionsIn(recording: Parameters<typeof replay>[0]): Promise<string[]> {
  const found: Replayed[] = [];
  for await (const verdict of replay(recording)) found.push(verdict);
  return found.flatMap(({ act }) => (act === "nothing" || act === "advise" ? [] : [act.replaceAll(" ", "-")]));
}

test.each(files)("the judgement of the recording %s", async (file) => {
  const actions = await actionsIn(readRecording(join(FOLDER, file)));
  if (file.startsWith("nothing-")) expect(actions).toEqual([]);
  else {
    const [first = ""] = actions;
    expect(`${first}-`).toBe(file.slice(0, first.length + 1) || "an action");
  }
});

test("a primary that is sick for 10 s, well for 10 s and so on is acted on once within the cool-down", async () => {
  const stalled = withDatabase(well(), "pg-01", { diskMs: 5_000 }, { diskMs: 5_000 });
  const flapping = Array.from({ length: 200 }, (_, tick) => {
    const atMs = tick * 250;
    const sickMs = atMs % 20_000;
    return { ...(sickMs < 10_000 ? waiting(stalled, sickMs) : well()), at: well().at + atMs };
  });
  expect(await actionsIn(flapping)).toEqual(["fence"]);
});

test("what was recorded since a moment, in both files of a stand, is a recording, compressed too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-recording-"));
  try {
    const lines = [1, 2, 3, 4].map((at) => JSON.stringify({ ...well(), at }));
    writeFileSync(join(folder, "guardian-evidence.jsonl.1"), `${lines.slice(0, 2).join("\n")}\n`);
    writeFileSync(join(folder, "guardian-evidence.jsonl"), `${lines.slice(2).join("\n")}\n`);
    const file = join(folder, "cut.jsonl.gz");
    writeFileSync(file, gzipSync(recordedSince(folder, 2)));
    expect((await Array.fromAsync(readRecording(file))).map(({ at }) => at)).toEqual([2, 3, 4]);
    expect(recordedSince(join(folder, "none"), 2)).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
