import { setTimeout as delay } from "node:timers/promises";
import type { Declared, Fault, Site } from "./fault.ts";
import { BAR, isExpected, judge, judgeQuiet, seconds, type Verdict } from "./judge.ts";
import { assertNews, until, untilCalm, type Waiting } from "./wait.ts";

export interface RoundResult extends Verdict {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly expected: string;
  /** Names of alerts that fired before the fault. */
  readonly standing: readonly string[];
}

/** A time without a fault. */
export interface QuietResult extends Pick<Verdict, "others" | "misses"> {
  readonly startedAt: string;
  readonly minutes: number;
  readonly standing: readonly string[];
}

/** Milliseconds after the bar in which an alert that is late may still come, so that its delay is known. */
const LATE = 60_000;
/** The fault goes on that long after its alert: it must not bring undeclared ones. */
const AFTERMATH = 30_000;
/** Scrape, rule, and Alertmanager's group interval; a machine must have booted before. */
const OVER = 300_000;

/** Calm, fault, alert, healing, word that it is over, calm, judgement. Whatever happens, the fault is undone. */
export async function playRound(fault: Fault, waiting: Waiting): Promise<RoundResult> {
  const { stand, signal, say } = waiting;
  const calm = await untilCalm(waiting);
  assertNews(fault, calm);
  const { site, standing } = calm;
  const expected = fault.expected(site);
  say(`fault: ${fault.about}; expected: ${[expected.alert, ...Object.values(expected.labels)].join(" ")}`);
  const faultAt = Date.now();
  const told = (status: "firing" | "resolved") =>
    stand.receivedSince(faultAt).find((alert) => alert.status === status && isExpected(alert, expected));
  let hasCome = false;
  try {
    await fault.inject(site);
    const alert = await until(() => told("firing"), Boolean, BAR.other + LATE, signal);
    hasCome = alert !== undefined;
    say(
      alert
        ? `${alert.name} after ${seconds(Date.parse(alert.arrivedAt) - faultAt)}`
        : `${expected.alert} did not come`,
    );
    if (hasCome) await delay(AFTERMATH, undefined, { signal });
  } finally {
    await fault.undo(site);
  }
  const healedAt = Date.now();
  if (hasCome) await until(() => told("resolved"), Boolean, OVER, signal);
  // What the healing brings along belongs to the round, too.
  await untilCalm(waiting);
  const verdict = judge(stand.receivedSince(faultAt), {
    expected,
    declared: fault.declared,
    standing,
    faultAt,
    healedAt,
  });
  return { startedAt: new Date(faultAt).toISOString(), expected: expected.alert, standing, ...verdict };
}

/** Nothing is done, or something that must not alarm anybody; then so many minutes go by. */
export async function playQuiet(
  waiting: Waiting,
  minutes: number,
  declared: readonly Declared[] = [],
  act: (site: Site) => Promise<unknown> = async () => {},
): Promise<QuietResult> {
  const { stand, signal, say } = waiting;
  const { site, standing } = await untilCalm(waiting);
  const from = Date.now();
  await act(site);
  say(`${minutes} quiet minutes`);
  await delay(minutes * 60_000, undefined, { signal });
  const verdict = judgeQuiet(stand.receivedSince(from), declared, standing, from);
  return { startedAt: new Date(from).toISOString(), minutes, standing, ...verdict };
}
