/** The path probe as a program of its own, so that it can be started inside a network namespace. */
import { readFileSync } from "node:fs";
import { PathPlan } from "./path-plan.ts";
import { probePaths } from "./path-probe.ts";
import { exitCodeOf } from "./program.ts";
import { UsageError } from "./usage-error.ts";

const usage = `Usage: bun chaos/src/probe/path-main.ts PLAN

Reads given paths of any HTTP service, and writes to it, by a fixed schedule, and writes down every request (docs/history.md). PLAN is a JSON file;
chaos/src/probe/path-plan.ts says what stands in it. Ends at SIGTERM or SIGINT.

Exit codes: 0 done, also after a signal; 1 failed; 2 arguments that cannot be used; 130 interrupted twice.
`;

process.exitCode = await exitCodeOf("paths", usage, async ([file], interrupted) => {
  if (file === undefined) throw new UsageError("PLAN is missing: the file that says what to read and write");
  await probePaths(PathPlan.parse(JSON.parse(readFileSync(file, "utf8"))), interrupted);
});
