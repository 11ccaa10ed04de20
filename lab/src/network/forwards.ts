import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { isAlive, type ProcessId, signalIfAlive, startOf, waitUntil } from "../host/processes.ts";
import { LabProblem } from "../problem.ts";
import { inside } from "./namespace.ts";

/** A port of the computer's loopback address that leads to a port of a machine. */
export interface Forward extends ProcessId {
  readonly port: number;
  /** What was asked for: another one when it was taken. */
  readonly wanted: number;
}

const PROXY = ["/usr/lib/systemd/systemd-socket-proxyd", "/lib/systemd/systemd-socket-proxyd"] as const;
const CONNECTIONS = 1_024;

/**
 * One process: it listens outside, waits for the first connection, and goes on as a proxy inside the stand's network with the same
 * socket.
 *
 * @param group folder of a cgroup
 * @param preferred the one it had before; taken by another program: the wanted one, or any that is free
 */
export async function openForward(
  namespace: string,
  group: string,
  target: string,
  wanted: number,
  preferred: number,
): Promise<Forward> {
  const port = (await freePort(preferred)) ?? (await freePort(wanted)) ?? (await freePort(0));
  if (port === undefined) throw new LabProblem("No free TCP port on 127.0.0.1.");
  const proxy = PROXY.find((file) => existsSync(file)) ?? PROXY[0];
  // In a group of the stand's own it is found also when this run ends before it has noted the process.
  const join = ["-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', group];
  const listen = ["systemd-socket-activate", "--listen", `127.0.0.1:${port}`];
  const onward = inside(namespace, [proxy, `--connections-max=${CONNECTIONS}`, target]);
  const child = spawn("sh", [...join, ...listen, ...onward], { cwd: "/", detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
  const { pid } = child;
  const startedAt = pid === undefined ? undefined : await startOf(pid);
  if (pid === undefined || startedAt === undefined) {
    throw new LabProblem(`Cannot forward 127.0.0.1:${port} to ${target}: systemd-socket-activate does not start.`);
  }
  const forward = { pid, startedAt, port, wanted };
  await waitUntil(async () => (await freePort(port)) === undefined || !(await isAlive(forward)), 3_000, 20);
  if (await isAlive(forward)) return forward;
  throw new LabProblem(`Cannot forward 127.0.0.1:${port} to ${target}: systemd-socket-activate ended at once.`);
}

export async function closeForward(forward: Forward): Promise<void> {
  await signalIfAlive(forward, "SIGTERM");
  if (await waitUntil(async () => !(await isAlive(forward)), 2_000)) return;
  await signalIfAlive(forward, "SIGKILL");
}

/** @returns undefined when the port is taken */
function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : undefined));
    });
  });
}
