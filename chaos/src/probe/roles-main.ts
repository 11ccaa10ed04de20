/** The role sampler as a program of its own, so that it can be started inside a network namespace. `--help` says what it can do. */
import { exitCodeOf } from "./program.ts";
import { parseSamplerOptions, usage } from "./roles-options.ts";
import { sampleRoles } from "./roles-sampler.ts";

process.exitCode = await exitCodeOf("roles", usage, (argv, interrupted) =>
  sampleRoles(parseSamplerOptions(argv), interrupted),
);
