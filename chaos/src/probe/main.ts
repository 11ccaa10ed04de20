/** The programs that load a service and observe a stand; the engine starts them, in the lab inside the stand's network. `--help` explains each. */
import { existsSync, readFileSync } from "node:fs";
import { CommandError, runCommandLine } from "@goldenring/run-kit";
import { Command, InvalidArgumentError } from "commander";
import * as z from "zod";
import { newRunName, RunName } from "../history/values.ts";
import { PathPlan, probePaths } from "./path-probe.ts";
import { sampleRoles } from "./roles-sampler.ts";
import { probeWeather } from "./weather-probe.ts";

const HttpUrl = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));
const Positive = z.coerce.number().positive().lt(1e9);
const url = parsed(HttpUrl, "an http:// or https:// URL is expected.");
const newFile = parsed(
  z.string().refine((path) => !existsSync(path)),
  "the file exists.",
);
const runName = parsed(RunName, "1 to 40 letters, digits and hyphens are expected.");
const positive = parsed(Positive, "a number above 0 is expected.");
const whole = parsed(Positive.int().max(1_000), "a whole number from 1 to 1000 is expected.");

/** Its reason is the name of the signal that ends the program. */
const interrupted = new AbortController();

await runCommandLine(
  () => {
    const program = new Command("probe").helpCommand(false).exitOverride();
    addCommands(program);
    return program;
  },
  (signal) => interrupted.abort(signal),
);

function addCommands(program: Command): void {
  program
    .command("weather")
    .description(
      "reads from and writes to a service that keeps the Weather API's contract, by a fixed schedule, and records every request",
    )
    .requiredOption("--target <url>", "the service, such as http://127.0.0.1:8088", url)
    .requiredOption("--out <file>", "the history to write (JSONL, docs/history.md); must not exist", newFile)
    .option("--seconds <number>", "how long (default: until SIGTERM or SIGINT)", positive)
    .option("--run <name>", "letters, digits and hyphens; each value begins with it (default: a new one)", runName)
    .option("--clients <number>", "each has one connection for reads and one for writes", whole, 4)
    .option("--interval <ms>", "between two requests of a client on the same connection", positive, 50)
    .option("--read-deadline <ms>", "for the answer of a read", positive, 5_000)
    .option("--write-deadline <ms>", "for that of a write: the API itself answers 503 after 30 s", positive, 35_000)
    .option("--cities <number>", "how many cities are written to", whole, 3)
    .option("--registers <number>", "how many values are changed again and again by PUT", whole, 4)
    .action(({ target, out, run = newRunName(), clients, cities, registers, ...times }) => {
      const { seconds = Number.POSITIVE_INFINITY, interval, readDeadline, writeDeadline } = times;
      const deadlines = { readDeadlineMs: readDeadline, writeDeadlineMs: writeDeadline };
      const durationMs = 1_000 * seconds;
      return probeWeather(
        { target, out, run, clients, cities, registers, durationMs, intervalMs: interval, ...deadlines },
        interrupted.signal,
        (line) => process.stderr.write(`${line}\n`),
      );
    });
  program
    .command("paths <plan>")
    .description(
      "reads given paths of any HTTP service, and writes to it; the plan is a JSON file (chaos/src/probe/path-probe.ts)",
    )
    .action((plan) => probePaths(PathPlan.parse(JSON.parse(readFileSync(plan, "utf8"))), interrupted.signal));
  program
    .command("roles")
    .description("asks Patroni on every node several times a second which role it has, and records each answer")
    .requiredOption("--node <name=url...>", "Patroni's REST interface, such as pg-01=https://10.88.0.11:8008", node, [])
    .requiredOption("--out <file>", "the samples (JSONL); must not exist", newFile)
    .option("--seconds <number>", "how long (default: until SIGTERM or SIGINT)", positive)
    .option("--interval <ms>", "between two questions to a node", positive, 250)
    .option("--deadline <ms>", "for an answer", positive, 1_000)
    .option("--ca <file>", "certificates that https trusts (PEM)")
    .action(({ node, out, seconds = Number.POSITIVE_INFINITY, interval, deadline, ca }) => {
      if (node.length === 0) throw new CommandError("--node is missing: at least one NAME=URL", "usage");
      const times = { intervalMs: interval, deadlineMs: deadline, durationMs: 1_000 * seconds };
      return sampleRoles({ nodes: node, out, ...times, caFile: ca }, interrupted.signal);
    });
}

function parsed<Value>(form: z.ZodType<Value>, expected: string): (text: string) => Value {
  return (text) => {
    const { success, data } = form.safeParse(text);
    if (success) return data;
    throw new InvalidArgumentError(expected);
  };
}

type Node = Parameters<typeof sampleRoles>[0]["nodes"][number];

function node(text: string, before: readonly Node[]): readonly Node[] {
  const [, name, address] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || address === undefined) throw new InvalidArgumentError("NAME=URL is expected.");
  return [...before, { name, url: url(address) }];
}
