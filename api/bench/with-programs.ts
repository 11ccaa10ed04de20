import type { Bench } from "./bench.ts";
import { type Program, type RunningProgram, startProgram } from "./program.ts";

/** Starts the programs, lets them be used, and stops them whatever happens. */
export async function withPrograms<const Programs extends readonly Program[], Result>(
  bench: Bench,
  programs: Programs,
  use: (running: { readonly [Index in keyof Programs]: RunningProgram }) => Promise<Result>,
): Promise<Result> {
  const running: RunningProgram[] = [];
  try {
    for (const program of programs) running.push(await startProgram(bench, program));
    return await use(running as { [Index in keyof Programs]: RunningProgram });
  } finally {
    for (const program of running.reverse()) await program.stop();
  }
}
