import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { startProgram, waitUntil } from "@goldenring/stand";

const DEADLINE_MS = 20_000;
const WAIT = { deadlineMs: DEADLINE_MS, everyMs: 50 };
/** Found again by it. */
const DURATION = `3000.${process.pid}`;

function sleeping(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8") === `sleep\0${DURATION}\0`;
    } catch {
      return false;
    }
  });
}

test.skipIf(process.platform !== "linux")(
  "a playbook and its forks end when the process that runs it is killed",
  async () => {
    const argv = ["sh", "-c", `sleep ${DURATION} & sleep ${DURATION} & wait`];
    const script = `
    import { runProgram } from "@goldenring/stand";
    import { endsWithThisProcess } from "./playbook.ts";
    await runProgram(endsWithThisProcess(${JSON.stringify(argv)}), { deadlineMs: ${DEADLINE_MS} });`;
    const ring = startProgram([process.execPath, "-e", script], { cwd: import.meta.dirname });
    expect(await waitUntil(() => sleeping().length === 2, WAIT)).toBe(true);
    ring.kill("SIGKILL");
    expect(await waitUntil(() => sleeping().length === 0, WAIT)).toBe(true);
  },
  3 * DEADLINE_MS,
);
