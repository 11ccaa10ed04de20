import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomUUID } from "node:crypto";
import { type Completed, DEADLINE_EXCEEDED, killGroup, type RunOptions } from "../computer/run-program.ts";
import { shellQuote } from "../computer/shell-words.ts";
import { startProgram } from "../computer/start-program.ts";
import type { Machine } from "../inventory/inventory.ts";
import { SSH_FAILED, sshAlone } from "./ssh.ts";

export interface ShellOptions {
  /** Milliseconds between two signs of life asked of an idle connection; a dead one is replaced. By default it is only used when needed. */
  readonly keepWarmMs?: number;
}

interface Session {
  readonly process: ChildProcessWithoutNullStreams;
  /** Ends the output of a command, followed by its exit code. */
  readonly mark: string;
  output: string;
  complaint: string;
  /** Called at new output and at the end of the process. */
  onChange: () => void;
  ended: boolean;
}

/** Milliseconds for a sign of life, a new connection included. */
const WARMING_DEADLINE = 5_000;

/**
 * One ssh connection for many commands, one after another: each costs one round trip instead of a login. A connection that ends or misses a deadline is
 * replaced at the next command.
 */
export class Shell {
  readonly #argv: readonly string[];
  #session: Session | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #warming: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(machine: Machine, { keepWarmMs }: ShellOptions = {}) {
    this.#argv = sshAlone(machine, "exec sh");
    if (keepWarmMs === undefined) return;
    let isAsked = false;
    const warm = async (): Promise<void> => {
      if (isAsked) return;
      isAsked = true;
      await this.run(":", { deadlineMs: WARMING_DEADLINE });
      isAsked = false;
    };
    void warm();
    this.#warming = setInterval(warm, keepWarmMs);
  }

  /**
   * Runs a shell command line; what it writes to stderr comes with stdout. Its deadline begins when the commands before it have ended.
   *
   * Never rejects: 255 (SSH_FAILED) when the connection could not be made or was lost, 124 (DEADLINE_EXCEEDED) at the deadline.
   */
  run(command: string, { deadlineMs, input }: RunOptions): Promise<Completed> {
    const result = this.#queue.then(() => this.#run(command, input, deadlineMs));
    this.#queue = result;
    return result;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#warming);
    this.#drop();
  }

  async #run(command: string, input: string | undefined, deadlineMs: number): Promise<Completed> {
    if (this.#closed) return { code: SSH_FAILED, stdout: "", stderr: "the shell is closed\n" };
    if (this.#session?.ended) this.#session = undefined;
    this.#session ??= open(this.#argv);
    const session = this.#session;
    const feed = input === undefined ? "</dev/null" : `<<'${session.mark}'\n${input}\n${session.mark}`;
    session.output = "";
    session.process.stdin.write(`sh -c ${shellQuote(command)} 2>&1 ${feed}\nprintf '\\n${session.mark} %d\\n' $?\n`);
    const completed = await answer(session, deadlineMs);
    if (completed.code === DEADLINE_EXCEEDED || session.ended) this.#drop();
    return completed;
  }

  #drop(): void {
    killGroup(this.#session?.process.pid);
    this.#session = undefined;
  }
}

function open(argv: readonly string[]): Session {
  // A group of its own: the terminal's Ctrl-C must not end it before its owner decides.
  const child = startProgram(argv, { detached: true, env: process.env });
  const session: Session = {
    process: child,
    mark: randomUUID(),
    output: "",
    complaint: "",
    onChange() {},
    ended: false,
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    session.output += text;
    session.onChange();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    session.complaint += text;
  });
  const end = (): void => {
    session.ended = true;
    session.onChange();
  };
  child.on("error", end);
  child.on("close", end);
  child.stdin.on("error", () => {});
  return session;
}

function answer(session: Session, deadlineMs: number): Promise<Completed> {
  return new Promise((resolve) => {
    const finish = (completed: Completed): void => {
      clearTimeout(timer);
      session.onChange = () => {};
      resolve(completed);
    };
    const timer = setTimeout(() => {
      finish({ code: DEADLINE_EXCEEDED, stdout: session.output, stderr: `no answer within ${deadlineMs} ms\n` });
    }, deadlineMs);
    session.onChange = () => {
      const end = session.output.indexOf(`\n${session.mark} `);
      const code = /^\n\S+ (\d+)\n/.exec(session.output.slice(Math.max(end, 0)))?.[1];
      if (end >= 0 && code !== undefined)
        finish({ code: Number(code), stdout: session.output.slice(0, end), stderr: "" });
      else if (session.ended) finish({ code: SSH_FAILED, stdout: session.output, stderr: session.complaint });
    };
    session.onChange();
  });
}
