import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

export interface ProbeOptions {
  readonly target: URL;
  /** The history file to write. */
  readonly out: string;
  readonly run: string;
  /** How long requests are begun, ms; Infinity until a signal comes. */
  readonly durationMs: number;
  readonly clients: number;
  /** Between two requests of the same kind by the same client, ms. */
  readonly intervalMs: number;
  readonly readDeadlineMs: number;
  readonly writeDeadlineMs: number;
  /** How many of the service's cities are written to. */
  readonly cities: number;
  /** How many values are changed by PUT. */
  readonly registers: number;
}

export const usage = `Usage: bun chaos/src/probe/main.ts --target URL --out FILE [OPTION ...]

Reads from and writes to a service that keeps the Weather API's contract, every few milliseconds by a fixed schedule, and writes
down every request with its times and outcome. The values stay in the service; each summary begins with the run's name.

  --target URL           the service, such as http://127.0.0.1:8088
  --out FILE             the history to write (JSONL, docs/history.md); must not exist
  --seconds N            how long (default: until SIGTERM or SIGINT)
  --run NAME             letters, digits and hyphens (default: a new one)
  --clients N            default 4; each has one connection for reads and one for writes
  --interval MS          between two requests of a client on the same connection (default 50)
  --read-deadline MS     default 5000
  --write-deadline MS    default 35000: the API answers 503 after 30 s itself
  --cities N             how many cities are written to (default 3)
  --registers N          how many values are changed again and again by PUT (default 4)

Exit codes: 0 done, also after a signal; 1 failed; 2 arguments that cannot be used; 130 interrupted twice.
`;

/** Throws a `UsageError` on arguments that cannot be used. */
export function parseProbeOptions(argv: readonly string[]): ProbeOptions {
  const { values } = parsed(argv);
  if (values.target === undefined) throw new UsageError("--target is missing: the URL of the service");
  if (values.out === undefined) throw new UsageError("--out is missing: the history file to write");
  const run = values.run ?? newRunName();
  if (!/^[A-Za-z0-9-]{1,40}$/.test(run)) throw new UsageError(`--run ${run}: 1 to 40 letters, digits and hyphens`);
  return {
    target: targetUrl(values.target),
    out: values.out,
    run,
    durationMs: values.seconds === undefined ? Number.POSITIVE_INFINITY : 1000 * positive("--seconds", values.seconds),
    clients: whole("--clients", values.clients),
    intervalMs: positive("--interval", values.interval),
    readDeadlineMs: positive("--read-deadline", values["read-deadline"]),
    writeDeadlineMs: positive("--write-deadline", values["write-deadline"]),
    cities: whole("--cities", values.cities),
    registers: whole("--registers", values.registers),
  };
}

/** Sorts by time, and two probes begun at once differ. */
export function newRunName(): string {
  return `p${Date.now().toString(36)}-${randomBytes(2).toString("hex")}`;
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        target: { type: "string" },
        out: { type: "string" },
        seconds: { type: "string" },
        run: { type: "string" },
        clients: { type: "string", default: "4" },
        interval: { type: "string", default: "50" },
        "read-deadline": { type: "string", default: "5000" },
        "write-deadline": { type: "string", default: "35000" },
        cities: { type: "string", default: "3" },
        registers: { type: "string", default: "4" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function targetUrl(text: string): URL {
  if (!URL.canParse(text)) throw new UsageError(`--target ${text}: not a URL, such as http://127.0.0.1:8088`);
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new UsageError(`--target ${text}: must begin with http:// or https://`);
  return url;
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < 1e9)) throw new UsageError(`${name} ${text}: a number above 0`);
  return number;
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (!(Number.isInteger(number) && number >= 1 && number <= 1000))
    throw new UsageError(`${name} ${text}: a whole number from 1 to 1000`);
  return number;
}
