import { connect, createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT, RingError } from "./exit.ts";

/** Milliseconds. */
const RETRY = 200;
const ASKING_DEADLINE = 500;

/**
 * Runs the work while no other ring command works on the same stand.
 *
 * The turn is an abstract UNIX socket: the kernel gives its name to one process at a time and takes it back when that ends,
 * however it ends. Whoever asks there is told who has the turn.
 *
 * @throws {RingError} (busy) when another command still has it after `waitMs`
 */
export async function inTurn<Result>(
  stand: string,
  command: string,
  waitMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const name = `\0goldenring-${stand}`;
  const deadline = performance.now() + waitMs;
  let turn = await take(name, command);
  while (turn === undefined) {
    if (performance.now() > deadline) {
      const holder = await ask(name);
      throw new RingError(
        `Another ring command is at work on the stand ${stand}${holder ? `: ${holder}` : ""}. Try again when it has ended.`,
        EXIT.busy,
      );
    }
    await delay(RETRY);
    turn = await take(name, command);
  }
  try {
    return await work();
  } finally {
    turn.close();
  }
}

function take(name: string, command: string): Promise<Server | undefined> {
  const server = createServer((asker) => {
    asker.on("error", () => {});
    asker.end(`ring ${command} (process ${process.pid})`);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => resolve(server));
  });
}

function ask(name: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(name);
    socket.setTimeout(ASKING_DEADLINE, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk.toString("utf8");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}
