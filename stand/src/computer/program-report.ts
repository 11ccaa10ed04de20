import { join } from "node:path";
import * as z from "zod";
import { readJsonFile, replaceFile } from "./files.ts";

const RENEW_MS = 1_000;

const SignOfLife = z.object({
  pid: z.int(),
  /** ISO 8601, UTC, as all times of a report. */
  startedAt: z.string(),
  /** Renewed every second: an old time means that the program hangs or has ended. */
  aliveAt: z.string(),
});
/** The part of a report that every program has. */
export type SignOfLife = z.output<typeof SignOfLife>;

/** What a program in the background reports about itself besides its sign of life: a file of this name in the stand's folder. */
export function programReport<Details extends object>(name: string, details: z.ZodType<Details>) {
  const shape = z.intersection(SignOfLife, details);
  return {
    /** The last report; undefined when there is none that can be read. */
    read: (folder: string) => readJsonFile(join(folder, name), shape),
    /** Reports for this process at once, every second and whenever `renew` is called, until `stop`. */
    keep(folder: string, now: () => Details) {
      const startedAt = new Date().toISOString();
      const renew = (): void => {
        const report = { pid: process.pid, startedAt, aliveAt: new Date().toISOString(), ...now() };
        replaceFile(join(folder, name), JSON.stringify(report, null, 2), { mode: 0o600 });
      };
      renew();
      const timer = setInterval(renew, RENEW_MS);
      return { renew, stop: () => clearInterval(timer) };
    },
  };
}
