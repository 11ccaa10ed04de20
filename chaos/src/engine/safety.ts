import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import { Entry } from "../history/entries.ts";
import { Tail } from "../history/lines.ts";
import { RolesEntry } from "../roles/samples.ts";
import { LiveFigures } from "./live-figures.ts";
import type { ObserverFiles } from "./observers.ts";
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
 * Checks what the clients see while the round runs. `signal` aborts when the experiment must end; its reason says why.
 *
 * @param from beginning of the round, ms of the shared clock
 */
export function watchSafety(
  { experiment, signal }: Pick<RunContext, "experiment" | "signal">,
  files: ObserverFiles,
  from: number,
) {
  const unsafe = new AbortController();
  const writes = experiment.service === undefined || experiment.service.writes.length > 0;
  const live = new LiveFigures(from, { writes });
  const histories = [files.history, ...(files.background === undefined ? [] : [files.background])].map(
    (file) => new Tail(file, Entry),
  );
  const roles = files.roles === undefined ? [] : [new Tail(files.roles, RolesEntry)];
  const check = (): LiveFigures => {
    for (const entry of histories.flatMap((tail) => tail.read())) live.takeEntry(entry);
    for (const entry of roles.flatMap((tail) => tail.read())) if (entry.e === "sample") live.takeSample(entry);
    return live;
  };
  const timer = setInterval(() => {
    const reason = check().reasonToAbort(experiment.abortWhen, monotonicMs());
    if (reason !== undefined) unsafe.abort(new Aborted(reason));
  }, CHECK_EVERY_MS);
  const either = AbortSignal.any([signal, unsafe.signal]);
  return {
    signal: either,
    check,
    /** A program that loads or observes has ended too early: nothing would be seen from here on. */
    lost: (why: string): void => unsafe.abort(new Aborted(why)),
    /** @throws {NotSteady} */
    async untilServed(): Promise<void> {
      while (!check().isServed) {
        either.throwIfAborted();
        if (monotonicMs() - from > SERVED_DEADLINE_MS)
          throw new NotSteady(`The service has not answered within ${SERVED_DEADLINE_MS / 1_000} s.`);
        await delay(CHECK_EVERY_MS / 5);
      }
    },
    stop: (): void => {
      clearInterval(timer);
      for (const tail of [...histories, ...roles]) tail.close();
    },
  };
}
