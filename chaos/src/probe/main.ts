/** The probe as a program of its own, so that it can be started inside a network namespace. `--help` says what it can do. */

import { parseProbeOptions, usage } from "./options.ts";
import { probe } from "./probe.ts";
import { exitCodeOf } from "./program.ts";

process.exitCode = await exitCodeOf("probe", usage, (argv, interrupted) =>
  probe(parseProbeOptions(argv), interrupted, (line) => process.stderr.write(`${line}\n`)),
);
