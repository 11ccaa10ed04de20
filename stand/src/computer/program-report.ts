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

/** What a program in the background reports about itself: a file in the stand's folder. */
export class ProgramReport<Details extends object> {
  readonly #name: string;
  readonly #shape: z.ZodType<SignOfLife & Details>;

  /** @param name of the file @param details what the program reports besides its sign of life */
  constructor(name: string, details: z.ZodType<Details>) {
    this.#name = name;
    this.#shape = z.intersection(SignOfLife, details);
  }

  /** The last report; undefined when there is none that can be read. */
  read(folder: string): (SignOfLife & Details) | undefined {
    return readJsonFile(join(folder, this.#name), this.#shape);
  }

  /** Reports for this process at once, every second and whenever `renew` is called, until `stop`. */
  keep(folder: string, details: () => Details): { renew(): void; stop(): void } {
    const startedAt = new Date().toISOString();
    const renew = (): void => {
      const report = { pid: process.pid, startedAt, aliveAt: new Date().toISOString(), ...details() };
      replaceFile(join(folder, this.#name), JSON.stringify(report, null, 2), { mode: 0o600 });
    };
    renew();
    const timer = setInterval(renew, RENEW_MS);
    return { renew, stop: () => clearInterval(timer) };
  }
}
