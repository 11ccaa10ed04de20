import { type Finding, type Verification, verifyQueries } from "@goldenring/monitoring";
import { createPrometheus, PrometheusError } from "@goldenring/stand";
import type { Context } from "../context.ts";
import { EXIT, RingError } from "../exit.ts";
import { monitoringServers } from "../monitoring-servers.ts";
import type { Progress } from "../progress.ts";
import { verificationText } from "../verification-text.ts";

/** Milliseconds between two words about the progress where each is a line of its own. */
const SAY_EVERY = 2_000;

/** Whether every query of every panel and rule has an answer from the stand's Prometheus. */
export async function verifyDashboards(
  context: Context,
  asJson: boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const prometheus = createPrometheus((await monitoringServers(context)).prometheus);
  const found = await progress.step("Queries of dashboards and rules", async (say) => {
    // A Prometheus that is away is one finding, not hundreds.
    await prometheus.query("1").catch((error: unknown) => {
      if (!(error instanceof PrometheusError)) throw error;
      throw new RingError(`Prometheus does not answer: ${error.message}`);
    });
    return verifyQueries(prometheus, countAloud(say, signal));
  });
  process.stdout.write(`${asJson ? JSON.stringify(found, null, 2) : verificationText(found)}\n`);
  return isProven(found) ? EXIT.ok : EXIT.failed;
}

/** Nothing checked proves nothing. */
function isProven({ checked, failed }: Verification): boolean {
  return checked > 0 && failed.length === 0;
}

/** What is called for each finding; it throws when the user has had enough. */
function countAloud(say: (detail: string) => void, signal: AbortSignal): (finding: Finding) => void {
  let count = 0;
  let saidAt = performance.now();
  return ({ source }) => {
    signal.throwIfAborted();
    count += 1;
    if (!process.stderr.isTTY && performance.now() - saidAt < SAY_EVERY) return;
    saidAt = performance.now();
    say(`${count} checked, ${source}`);
  };
}
