import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import type { GroupUse, LimitedGroup, Limits } from "./limits.ts";

/** A server to be measured. It logs JSON lines, one of them `{"msg":"listening","url":…}`. */
export interface Program {
  readonly name: string;
  /** A script for this runtime, or a native program. */
  readonly file: string;
  readonly isNative?: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** Absent: runs without limits. */
  readonly limits?: Limits;
  /** Asked until it answers 200. Absent: ready when listening. */
  readonly readyPath?: string;
}

export interface RunningProgram {
  readonly name: string;
  readonly limits: Limits | undefined;
  readonly port: number;
  /** From the start of the process until ready. */
  readonly readySeconds: number;
  /** Undefined where the process is in no group. */
  readonly use: () => GroupUse | undefined;
  readonly memory: () => ResidentMemory;
  /** Undefined while it runs; else how it ended and its last words. */
  readonly ended: () => string | undefined;
  readonly stop: () => Promise<void>;
}

export interface ResidentMemory {
  readonly nowMiB: number;
  /** Highest since the process started. */
  readonly peakMiB: number;
}

/** A longer start is a failure. The largest data set takes tens of seconds at a quarter of a core. */
const startDeadlineMs = 60_000;

/** The API waits up to 10 s for open requests when it stops; after this time it is killed. */
const stopDeadlineMs = 15_000;

/** Joins the groups first and becomes the program then, so that not a single instruction of it is unlimited. */
const joinAndRun = `for file in $JOIN_FILES; do echo $$ > "$file" || exit 1; done; unset JOIN_FILES; exec "$@"`;

let programsStarted = 0;

/** Starts a program and waits until it is ready. The bench's undo stack ends it if nobody else does. */
export async function startProgram(bench: Bench, program: Program): Promise<RunningProgram> {
  programsStarted += 1;
  const group =
    program.limits === undefined
      ? undefined
      : bench.groups?.make(`goldenring-bench-${process.pid}-${programsStarted}`, program.limits);
  const removeGroup = bench.undo.add(() => group && removeWhenEmpty(group));
  const started = performance.now();
  const runtime = program.isNative ? [] : [process.execPath, ...bench.bunArguments];
  const child = spawn("/bin/sh", ["-c", joinAndRun, "join", ...runtime, program.file], {
    env: { PATH: process.env.PATH, ...program.env, JOIN_FILES: group?.joinFiles.join(" ") ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = bench.undo.add(() => endProcess(child));
  const words: string[] = [];
  const ended = () => {
    const how = howItEnded(child);
    if (how === undefined) return undefined;
    const why = (group?.use().outOfMemoryKills ?? 0) > 0 ? " for lack of memory" : "";
    return [`${program.name} ended with ${how}${why}, its last words:`, ...words].join("\n");
  };
  const port = await listeningPort(child, words, ended);
  if (program.readyPath !== undefined)
    await waitUntilReady(`http://127.0.0.1:${port}${program.readyPath}`, words, ended);
  return {
    name: program.name,
    limits: program.limits,
    port,
    readySeconds: (performance.now() - started) / 1000,
    use: () => group?.use(),
    memory: () => residentMemory(child.pid),
    ended,
    stop: async () => {
      await end();
      await removeGroup();
    },
  };
}

function listeningPort(child: ChildProcess, words: string[], ended: () => string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const listen = (line: string) => {
      words.push(line);
      if (words.length > 20) words.shift();
      const url = line.includes('"listening"') ? /"url":"http:\/\/[^"]*?:(\d+)\/?"/.exec(line)?.[1] : undefined;
      if (url !== undefined) resolve(Number(url));
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", listen);
    }
    child.once("close", () => reject(new Error(ended())));
    child.once("error", reject);
    setTimeout(() => reject(new Error(`not listening in time\n${words.join("\n")}`)), startDeadlineMs).unref();
  });
}

async function waitUntilReady(url: string, words: readonly string[], ended: () => string | undefined): Promise<void> {
  const deadline = performance.now() + startDeadlineMs;
  while (performance.now() < deadline) {
    const end = ended();
    if (end !== undefined) throw new Error(end);
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(20);
  }
  throw new Error(`${url} did not answer 200 in time\n${words.join("\n")}`);
}

function howItEnded(child: ChildProcess): string | undefined {
  if (child.signalCode !== null) return child.signalCode;
  return child.exitCode === null ? undefined : `exit code ${child.exitCode}`;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
  await closed;
  clearTimeout(kill);
}

/** The kernel lets go of a group a moment after its last process. */
async function removeWhenEmpty(group: LimitedGroup): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    try {
      group.remove();
      return;
    } catch {
      await sleep(50);
    }
  }
  group.remove();
}

/** Source: proc_pid_status(5). NaN where there is no /proc. */
function residentMemory(pid: number | undefined): ResidentMemory {
  let status = "";
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    // The process has ended, or this is no Linux.
  }
  const mib = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { nowMiB: mib("VmRSS"), peakMiB: mib("VmHWM") };
}
