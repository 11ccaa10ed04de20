import { UsageError } from "./usage-error.ts";

/**
 * Runs a program to its exit code: 0 done, 1 failed, 2 arguments that cannot be used. SIGINT and SIGTERM abort the signal, whose
 * reason is then the signal's name; the second one ends the process with 130.
 */
export async function exitCodeOf(
  name: string,
  usage: string,
  work: (argv: readonly string[], interrupted: AbortSignal) => Promise<void>,
): Promise<number> {
  const argv = process.argv.slice(2);
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    await work(argv, onSignal());
    return 0;
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof UsageError)) return 1;
    process.stderr.write(`\n${usage}`);
    return 2;
  }
}

function onSignal(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort(signal);
    });
  }
  return interrupted.signal;
}
