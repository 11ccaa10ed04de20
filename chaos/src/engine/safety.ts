import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs } from "../clock.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { Entry } from "../history/entries.ts";
import { Tail } from "../history/lines.ts";
import { RolesEntry } from "../roles/samples.ts";
import { LiveFigures } from "./live-figures.ts";
import type { ObserverFiles } from "./observers.ts";
import { NotSteady } from "./until-steady.ts";

/** Between two looks, ms. */
const EVERY_MS = 500;
/** By then the clients must have been answered once, ms. */
const SERVED_BY_MS = 20_000;

/** The abort condition of the experiment held, or nobody could say whether it does. */
export class Aborted extends Error {
  override readonly name = "Aborted";
}

export interface SafetyOptions {
  readonly experiment: Experiment;
  readonly files: ObserverFiles;
  /** ms of the shared clock. */
  readonly from: number;
  /** Of the person who interrupts. */
  readonly signal: AbortSignal;
}

/** Looks at what the clients see while the round is played. `signal` aborts when the experiment is to end, its reason says why. */
export function watchSafety({ experiment, files, from, signal }: SafetyOptions) {
  const unsafe = new AbortController();
  const writes = experiment.service === undefined || experiment.service.writes.length > 0;
  const live = new LiveFigures(from, { writes });
  const histories = [files.history, ...(files.background === undefined ? [] : [files.background])].map(
    (file) => new Tail(file, Entry),
  );
  const roles = files.roles === undefined ? [] : [new Tail(files.roles, RolesEntry)];
  const look = (): LiveFigures => {
    for (const entry of histories.flatMap((tail) => tail.read())) live.takeEntry(entry);
    for (const entry of roles.flatMap((tail) => tail.read())) if (entry.e === "sample") live.takeSample(entry);
    return live;
  };
  const timer = setInterval(() => {
    const reason = look().reasonToAbort(experiment.abortWhen, monotonicMs());
    if (reason !== undefined) unsafe.abort(new Aborted(reason));
  }, EVERY_MS);
  const either = AbortSignal.any([signal, unsafe.signal]);
  return {
    signal: either,
    look,
    /** A program that loads or looks on has ended too early: what happens now would not be seen. */
    lost: (why: string): void => unsafe.abort(new Aborted(why)),
    /** @throws {NotSteady} */
    async untilServed(): Promise<void> {
      while (!look().isServed) {
        either.throwIfAborted();
        if (monotonicMs() - from > SERVED_BY_MS)
          throw new NotSteady(`The service has not answered within ${SERVED_BY_MS / 1_000} s.`);
        await delay(EVERY_MS / 5);
      }
    },
    stop: (): void => {
      clearInterval(timer);
      for (const tail of [...histories, ...roles]) tail.close();
    },
  };
}
