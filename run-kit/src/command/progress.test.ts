import { expect, test } from "bun:test";
import { startProgress } from "./progress.ts";

function screen(isTTY: boolean) {
  let text = "";
  return {
    isTTY,
    columns: 40,
    write: (more: string) => {
      text += more;
    },
    text: () => text,
  };
}

/** Times differ from run to run. */
const timeless = (text: string): string => text.replaceAll(/\d+\.\d s/g, "0.0 s").replaceAll(/\[ +0/g, "[0");

test("where there is no terminal, each step and each thing said is a line with the seconds", async () => {
  const plain = screen(false);
  const progress = startProgress(plain);
  const result = await progress.step("Machines", async (log) => {
    log("starting pg-01");
    log("starting pg-01");
    return 7;
  });
  expect(result).toBe(7);
  expect(timeless(plain.text())).toBe("[0.0 s] Machines\n[0.0 s]   starting pg-01\n");
});

test("a step that fails is said to have, and its error goes on", async () => {
  const plain = screen(false);
  const failing = startProgress(plain).step("Machines", () => Promise.reject(new Error("no disk")));
  await expect(failing).rejects.toThrow("no disk");
  expect(timeless(plain.text())).toContain("[0.0 s] Machines: failed\n");
});

test("a terminal has one line per step, never wider than itself, and keeps what a failed one did last", async () => {
  const terminal = screen(true);
  const progress = startProgress(terminal);
  await progress.step("Machines", async (log) => log("a".repeat(100)));
  await progress
    .step("Playbook", (log) => {
      log("etcd");
      return Promise.reject(new Error());
    })
    .catch(() => {});
  const lines = terminal.text().split("\n");
  const shown = lines.map((line) => timeless(line.split("\r\u001b[2K").at(-1) ?? ""));
  expect(shown).toEqual(["✓ Machines  0.0 s", "✗ Playbook  0.0 s  etcd", ""]);
  for (const drawn of lines.flatMap((line) => line.split("\r\u001b[2K"))) expect(drawn.length).toBeLessThan(40);
});
