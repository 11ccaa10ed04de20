import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { CommandError } from "@goldenring/run-kit";
import {
  bootId,
  isAlive,
  ProcessId,
  processIdOf,
  runProgram,
  sendSignal,
  startProgram,
  waitUntil,
} from "@goldenring/stand";
import { z } from "zod";
import { A_MINUTE } from "../task.ts";
import { inside } from "./namespace.ts";

const ports = { port: z.int(), wanted: z.int() };
/** A stand that runs since an earlier version has `startedAt` and no boot: the kernel's clock ticks of this boot. */
const WithoutBoot = z
  .object({ pid: z.int(), startedAt: z.string(), ...ports })
  .transform(({ startedAt, ...forward }) => ({ ...forward, startTicks: startedAt, bootId: bootId() }));

/** The process behind a port of the computer's loopback address that leads to a port of a machine; `port` differs from `wanted` where that was taken. */
export const Forward = z.union([ProcessId.extend(ports), WithoutBoot]);
export type Forward = z.output<typeof Forward>;

const PROXY = ["/usr/lib/systemd/systemd-socket-proxyd", "/lib/systemd/systemd-socket-proxyd"] as const;
const MAX_CONNECTIONS = 1_024;

export interface ForwardOptions {
  readonly namespace: string;
  /** Folder of a cgroup. */
  readonly group: string;
  /** `10.88.0.7:80` */
  readonly target: string;
  readonly wanted: number;
  /** The port of the last run, which is tried first. */
  readonly previous: number | undefined;
}

/**
 * One process: it listens outside, waits for the first connection, and becomes a proxy inside the stand's network with the same socket.
 * Where the previous and the wanted port are taken, any free one is used.
 */
export async function openForward(options: ForwardOptions): Promise<Forward> {
  const { wanted, previous = wanted, target } = options;
  for (const candidate of [previous, wanted, 0]) {
    const port = await freePort(candidate);
    const process = port === undefined ? undefined : await listenOn(port, options);
    if (port !== undefined && process) return { ...process, port, wanted };
  }
  throw new CommandError(`Cannot forward a port of 127.0.0.1 to ${target}: systemd-socket-activate does not listen.`);
}

/** @returns undefined when another program took the port first */
async function listenOn(port: number, { namespace, group, target }: ForwardOptions): Promise<ProcessId | undefined> {
  const proxy = PROXY.find((file) => existsSync(file)) ?? PROXY[0];
  // In a group of the stand it is found also when this run ends before the process is on record.
  const join = ["-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', group];
  const listen = ["systemd-socket-activate", "--listen", `127.0.0.1:${port}`];
  const onward = inside(namespace, [proxy, `--connections-max=${MAX_CONNECTIONS}`, target]);
  const child = startProgram(["sh", ...join, ...listen, ...onward], { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
  const id = child.pid === undefined ? undefined : processIdOf(child.pid);
  if (!id) return undefined;
  // Looked up, not tried: an attempt to connect would be the one first connection.
  const listens = async (): Promise<boolean> => (await listenerOf(port))?.pid === id.pid;
  await waitUntil(async () => !isAlive(id) || (await listens()), { deadlineMs: 3_000, everyMs: 20 });
  return isAlive(id) ? id : undefined;
}

/** The process that listens on a port, if any, and its name for the user. */
export async function listenerOf(port: number): Promise<{ readonly pid: number; readonly name: string } | undefined> {
  const { stdout } = await runProgram(["ss", "-Hltnp", `sport = :${port}`], A_MINUTE);
  const [, program, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout) ?? [];
  if (pid === undefined) return undefined;
  const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  const [, stand] = /\/ring-([a-z0-9]+)\/forwards/.exec(groups) ?? [];
  return { pid: Number(pid), name: stand ? `the stand ${stand}` : `${program} (process ${pid})` };
}

/** @returns a warning for the user when a forward was opened at another port than the wanted one */
export async function portWarning(name: string, { port, wanted }: Forward): Promise<readonly string[]> {
  if (port === wanted) return [];
  const holder = await listenerOf(wanted);
  const by = holder ? ` by ${holder.name}` : "";
  return [
    `Port ${wanted} of 127.0.0.1 is taken${by}: ${name} is at port ${port} instead. \`ring up --ports ${name}=PORT\` chooses another one.`,
  ];
}

/**
 * Closes ports of the loopback address to all users but root and the owner, at once also for open connections: whoever connects to a
 * forward counts as the operator inside the stand. Replaces what an earlier call closed.
 *
 * @returns a warning for the user where nftables does not work
 */
export async function closeToOthers(
  stand: string,
  ports: readonly number[],
  owner: number,
): Promise<readonly string[]> {
  const input = `table inet ${stand} {}
delete table inet ${stand}
table inet ${stand} {
  chain forwards {
    type filter hook output priority 0
    oifname lo ip daddr 127.0.0.1 tcp dport { ${ports.join(", ")} } meta skuid != 0 meta skuid != ${owner} reject with tcp reset
  }
}
`;
  const { code, stderr } = await runProgram(["nft", "-f", "-"], { ...A_MINUTE, input });
  if (code === 0) return [];
  return [`Every user of this computer can connect to the forwarded ports: nft failed: ${stderr.split("\n")[0]}`];
}

/** Ends what `closeToOthers` did. */
export async function openToOthers(stand: string): Promise<void> {
  await runProgram(["nft", "delete", "table", "inet", stand], A_MINUTE);
}

export async function closeForward(forward: Forward): Promise<void> {
  sendSignal(forward, "SIGTERM");
  if (await waitUntil(() => !isAlive(forward), { deadlineMs: 2_000, everyMs: 20 })) return;
  sendSignal(forward, "SIGKILL");
}

/** @returns undefined when the port is taken; for port 0, any free one */
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
