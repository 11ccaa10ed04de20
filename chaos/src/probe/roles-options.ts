import { parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

export interface SamplerOptions {
  readonly nodes: readonly { readonly name: string; readonly url: URL }[];
  /** The file to write. */
  readonly out: string;
  readonly intervalMs: number;
  readonly deadlineMs: number;
  /** How long, ms; Infinity until a signal comes. */
  readonly durationMs: number;
  /** Certificates to trust, PEM. */
  readonly caFile: string | undefined;
}

export const usage = `Usage: bun chaos/src/probe/roles-main.ts --node NAME=URL ... --out FILE [OPTION ...]

Asks Patroni on every node several times a second which role it has, and writes down each answer with its times.

  --node NAME=URL        Patroni's REST interface, such as pg-01=https://10.88.0.11:8008; once for each node
  --out FILE             the samples (JSONL); must not exist
  --seconds N            how long (default: until SIGTERM or SIGINT)
  --interval MS          between two questions to a node (default 250)
  --deadline MS          for an answer (default 1000)
  --ca FILE              certificates that https trusts (PEM)

Exit codes: 0 done, also after a signal; 1 failed; 2 arguments that cannot be used; 130 interrupted twice.
`;

/** Throws a `UsageError` on arguments that cannot be used. */
export function parseSamplerOptions(argv: readonly string[]): SamplerOptions {
  const values = parsed(argv);
  if (values.node === undefined) throw new UsageError("--node is missing: at least one NAME=URL");
  if (values.out === undefined) throw new UsageError("--out is missing: the file to write");
  return {
    nodes: values.node.map(node),
    out: values.out,
    intervalMs: positive("--interval", values.interval),
    deadlineMs: positive("--deadline", values.deadline),
    durationMs: values.seconds === undefined ? Number.POSITIVE_INFINITY : 1000 * positive("--seconds", values.seconds),
    caFile: values.ca,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        node: { type: "string", multiple: true },
        out: { type: "string" },
        seconds: { type: "string" },
        interval: { type: "string", default: "250" },
        deadline: { type: "string", default: "1000" },
        ca: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function node(text: string): { name: string; url: URL } {
  const [, name, url] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === undefined || url === undefined || !URL.canParse(url))
    throw new UsageError(`--node ${text}: must be NAME=URL, such as pg-01=https://10.88.0.11:8008`);
  return { name, url: new URL(url) };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < 1e9)) throw new UsageError(`${name} ${text}: a number above 0`);
  return number;
}
