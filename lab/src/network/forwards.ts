import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
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
  for (const candidate of [preferred, wanted, 0]) {
    const port = await freePort(candidate);
    const forward = port === undefined ? undefined : await listenOn(port, namespace, group, target);
    if (forward) return { ...forward, wanted };
  }
  throw new LabProblem(`Cannot forward a port of 127.0.0.1 to ${target}: systemd-socket-activate does not listen.`);
}

/** @returns undefined when another program was quicker to take the port */
async function listenOn(
  port: number,
  namespace: string,
  group: string,
  target: string,
): Promise<Omit<Forward, "wanted"> | undefined> {
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
  if (pid === undefined || startedAt === undefined) return undefined;
  const forward = { pid, startedAt, port };
  // Looked up, not tried: an attempt to listen there or to connect would take the port or the one first connection from it.
  await waitUntil(async () => (await listens(port)) || !(await isAlive(forward)), 3_000, 20);
  return (await isAlive(forward)) ? forward : undefined;
}

async function listens(port: number): Promise<boolean> {
  return listeningPorts(await readFile("/proc/net/tcp", "utf8")).has(port);
}

/**
 * @param table /proc/net/tcp (proc_pid_net(5)): addresses in hexadecimal, bytes of the address reversed; state 0A is LISTEN
 * @returns ports of 127.0.0.1 that a program listens on
 */
export function listeningPorts(table: string): ReadonlySet<number> {
  const ports = table.matchAll(/^ *\d+: 0100007F:([0-9A-F]{4}) [0-9A-F]{8}:[0-9A-F]{4} 0A /gm);
  return new Set(Array.from(ports, ([, port = ""]) => Number.parseInt(port, 16)));
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
