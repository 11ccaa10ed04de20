import { type Finding, type Verification, verifyQueries } from "@goldenring/monitoring";
import { CommandError, EXIT, print } from "@goldenring/run-kit";
import { createPrometheus, type Prometheus, PrometheusError, waitUntil } from "@goldenring/stand";
import type { Context } from "../context.ts";
import { monitoringServers } from "../endpoints.ts";

/** Between two progress messages where each is a line of its own. */
const PLAIN_EVERY_MS = 2_000;

/** Checks that the stand's Prometheus answers every query of every panel and rule. */
export async function verifyDashboards(context: Context, asJson: boolean): Promise<number> {
  const prometheus = createPrometheus((await monitoringServers(context)).prometheus);
  const found = await context.progress.step("Queries of dashboards and rules", async (log) => {
    // A Prometheus that does not answer is one finding, not hundreds.
    await prometheus.query("1").catch((error: unknown) => {
      if (!(error instanceof PrometheusError)) throw error;
      throw new CommandError(`Prometheus does not answer: ${error.message}`);
    });
    await settled(prometheus, log, context.signal);
    return verifyQueries(prometheus, { onFinding: countAndLog(log, context.signal) });
  });
  print(`${asJson ? JSON.stringify(found, null, 2) : verificationText(found)}\n`);
  // Nothing checked proves nothing.
  return found.checked > 0 && found.failed.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Ranges and rates of rules need samples of two minutes; right after `ring up` there are none. */
const SETTLED_S = 120;
const NEW_TARGETS = `count(up unless up offset ${SETTLED_S}s)`;

/** Waits until each target has been scraped for long enough, or for as long as that takes. */
async function settled(prometheus: Pick<Prometheus, "query">, log: (detail: string) => void, signal: AbortSignal) {
  const isSettled = async (): Promise<boolean> => {
    signal.throwIfAborted();
    const [found] = await prometheus.query(NEW_TARGETS);
    if (found !== undefined) log(`waiting: ${found.value} targets have been scraped for less than ${SETTLED_S} s`);
    return found === undefined;
  };
  await waitUntil(isSettled, { deadlineMs: (SETTLED_S + 30) * 1_000, everyMs: 2_000, signal });
}

/** Called for each finding; throws when the user interrupts. */
function countAndLog(log: (detail: string) => void, signal: AbortSignal): (finding: Finding) => void {
  let count = 0;
  let loggedAt = performance.now();
  return ({ source }) => {
    signal.throwIfAborted();
    count += 1;
    if (!process.stderr.isTTY && performance.now() - loggedAt < PLAIN_EVERY_MS) return;
    loggedAt = performance.now();
    log(`${count} checked, ${source}`);
  };
}

/** The failed queries by name, and the count of all. */
export function verificationText({ findings, checked, failed }: Verification): string {
  const declared = findings.filter(({ verdict }) => verdict === "declared empty").length;
  const rightly = declared === 0 ? "" : `, ${declared} of them rightly empty on a healthy stand`;
  const counts =
    failed.length === 0
      ? `${checked} queries checked${rightly}: every one has its data`
      : `${checked} queries checked${rightly}: ${failed.length} failed`;
  return [...failed.flatMap(failureLines), counts].join("\n");
}

function failureLines({ source, expr, verdict, reason }: Finding): string[] {
  const why = verdict === "empty" ? "returns nothing" : verdict;
  return [`${source}: ${why}${reason === undefined ? "" : `: ${reason}`}`, `  ${expr.trim().replaceAll("\n", "\n  ")}`];
}
