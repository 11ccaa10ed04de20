import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface DeafListener {
  readonly port: number;
  close(): void;
}

/** A connection that takes this long shows that the queue is full. Otherwise it takes less than 1 ms. */
const FULL_AFTER_MS = 300;

/**
 * A port on 127.0.0.1 that answers no attempt to connect, as a machine without power: a process listens there, but it is
 * stopped, and its queue of connections is full.
 */
export async function startDeafListener(): Promise<DeafListener> {
  const program = `
    const server = require("node:net").createServer(() => {});
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
  `;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line));
  child.kill("SIGSTOP");
  const queued: Socket[] = [];
  while (await connects(port, queued));
  return {
    port,
    close: () => {
      child.kill("SIGKILL");
      for (const socket of queued) socket.destroy();
    },
  };
}

function connects(port: number, queued: Socket[]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    queued.push(socket);
    const timer = setTimeout(() => resolve(false), FULL_AFTER_MS);
    socket.on("error", () => {});
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
