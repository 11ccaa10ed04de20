import { join } from "node:path";
import { monotonicMs } from "../clock.ts";
import { Journal } from "../history/lines.ts";
import { type JournalLine, RUN_FILES } from "../run/record.ts";

/** What was done in a run, in its order: on disk as it happens, and at the end in the record. */
export class RunJournal {
  readonly #lines: JournalLine[] = [];
  readonly #file: Journal<JournalLine>;
  readonly #log: (text: string) => void;
  #round: { readonly number: number; readonly from: number } | undefined;

  constructor(folder: string, log: (text: string) => void) {
    this.#file = new Journal(join(folder, RUN_FILES.journal));
    this.#log = log;
  }

  get lines(): readonly JournalLine[] {
    return this.#lines;
  }

  /** @param from its beginning, ms of the shared clock; undefined: no round runs */
  inRound(number: number, from: number | undefined): void {
    this.#round = from === undefined ? undefined : { number, from };
  }

  write(event: JournalLine["event"], text: string, machine?: string): void {
    const line: JournalLine = {
      time: new Date().toISOString(),
      ...(this.#round ? { round: this.#round.number, at: Math.round(monotonicMs() - this.#round.from) } : {}),
      event,
      ...(machine === undefined ? {} : { machine }),
      text,
    };
    this.#lines.push(line);
    this.#file.write(line);
    const words = event === "undone" ? `undone: ${text}` : text;
    this.#log(machine === undefined ? words : `${machine}: ${words}`);
  }

  close(): void {
    this.#file.close();
  }
}
