import { waitUntil } from "@goldenring/stand";
import { monotonicMs } from "../clock.ts";
import { Entry } from "../history/entries.ts";
import { Tail } from "../history/lines.ts";
import { RolesEntry } from "../roles/samples.ts";
import type { RoundRecord } from "../run/record.ts";
import { LiveFigures } from "./live-figures.ts";
import type { RunContext } from "./run-context.ts";
import { NotSteady } from "./until-steady.ts";

const CHECK_EVERY_MS = 500;
/** By then the clients must have had an answer. */
const SERVED_DEADLINE_MS = 20_000;

/** The abort condition of the experiment came true, or could not be checked. */
export class Aborted extends Error {
  override readonly name = "Aborted";
}

/**
 * Checks what the clients see while the round runs.
 *
 * @param from beginning of the round, ms of the shared clock
 * @param unsafe aborted when the abort condition comes true
 * @returns its `signal` aborts when the experiment must end; the reason says why
 */
export function watchSafety(
  { experiment, signal: interrupted }: Pick<RunContext, "experiment" | "signal">,
  files: RoundRecord["files"],
  from: number,
  unsafe: AbortController,
) {
  const writes = experiment.service === undefined || experiment.service.writes.length > 0;
  const live = new LiveFigures(from, { writes });
  const histories = [files.history, files.background ?? []].flat().map((file) => new Tail(file, Entry));
  const roles = [files.roles ?? []].flat().map((file) => new Tail(file, RolesEntry));
  const check = (): LiveFigures => {
    for (const entry of histories.flatMap((tail) => tail.read())) live.takeEntry(entry);
    for (const entry of roles.flatMap((tail) => tail.read())) if (entry.e === "sample") live.takeSample(entry);
    return live;
  };
  const timer = setInterval(() => {
    const reason = check().reasonToAbort(experiment.abortWhen, monotonicMs());
    if (reason !== undefined) unsafe.abort(new Aborted(reason));
  }, CHECK_EVERY_MS);
  const signal = AbortSignal.any([interrupted, unsafe.signal]);
  return {
    signal,
    /** @throws {NotSteady} */
    async untilServed(): Promise<void> {
      const options = { deadlineMs: SERVED_DEADLINE_MS, signal };
      if (await waitUntil(() => check().isServed, options)) return;
      throw new NotSteady(`The service has not answered within ${SERVED_DEADLINE_MS / 1_000} s.`);
    },
    stop: (): void => {
      clearInterval(timer);
      for (const tail of [...histories, ...roles]) tail.close();
    },
  };
}
