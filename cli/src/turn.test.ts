import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { RingError } from "./exit.ts";
import { inTurn } from "./turn.ts";

const stand = `test${process.pid}`;

test("whoever comes while another is at work is told who that is, with exit code 4", async () => {
  await inTurn(stand, "up", 0, async () => {
    const refused = await inTurn(stand, "down", 0, async () => {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RingError);
    expect(refused).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(`ring up (process ${process.pid})`),
    });
  });
});

test("stands do not wait for one another", async () => {
  expect(await inTurn(stand, "up", 0, () => inTurn(`${stand}x`, "up", 0, async () => "both"))).toBe("both");
});

test("a short command waits for its turn", async () => {
  const order: string[] = [];
  const first = inTurn(stand, "power off", 0, async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    order.push("first");
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await inTurn(stand, "power on", 5_000, async () => order.push("second"));
  await first;
  expect(order).toEqual(["first", "second"]);
});

test("work that fails gives its turn back", async () => {
  await inTurn(stand, "up", 0, () => Promise.reject(new Error("broken"))).catch(() => {});
  expect(await inTurn(stand, "up", 0, async () => "again")).toBe("again");
});

test("the turn of a process that was killed is free", async () => {
  const program = `import { inTurn } from ${JSON.stringify(join(import.meta.dirname, "turn.ts"))};
    await inTurn("${stand}", "up", 0, () => { console.log("mine"); return new Promise((resolve) => setTimeout(resolve, 60_000)); });`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await expect(inTurn(stand, "down", 0, async () => {})).rejects.toThrow("Another ring command");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await inTurn(stand, "down", 0, async () => "mine now")).toBe("mine now");
});
