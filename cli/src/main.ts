import { runCommandLine } from "@goldenring/run-kit";
import { createProgram } from "./program.ts";

await runCommandLine(createProgram);
