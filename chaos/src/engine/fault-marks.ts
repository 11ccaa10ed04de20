import { byRole, type Stand, shellQuote } from "@goldenring/stand";

/** Where node_exporter's textfile collector looks; the role node_exporter says so. */
const FOLDER = "/var/lib/prometheus/node-exporter";
const FILE = `${FOLDER}/goldenring-chaos.prom`;
const WRITE_DEADLINE_MS = 10_000;

/** A fault as graphs show it. Times: ms since 1970. */
export interface Mark {
  readonly experiment: string;
  readonly machine: string;
  readonly words: string;
  readonly startedAt: number;
  endedAt: number | undefined;
}

/**
 * The faults of a round as metrics of the machines that Prometheus runs on, so that every dashboard shows them across its graphs. They stay
 * until `clear`: a fault that is shorter than the pause between two scrapes is seen, too. A mark that cannot be written is logged once and changes
 * nothing, and nothing waits for one.
 */
export class FaultMarks {
  readonly #stand: Stand;
  readonly #experiment: string;
  readonly #onFailed: (why: string) => void;
  #marks: Mark[] = [];
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(stand: Stand, experiment: string, onFailed: (why: string) => void) {
    // On its own connections: a mark must not delay the fault that it shows.
    this.#stand = stand.again();
    this.#experiment = experiment;
    this.#onFailed = onFailed;
  }

  injected(machine: string, words: string): void {
    this.#marks.push({ experiment: this.#experiment, machine, words, startedAt: Date.now(), endedAt: undefined });
    this.#write();
  }

  undone(machine: string, words: string): void {
    for (const mark of this.#marks) if (mark.machine === machine && mark.words === words) mark.endedAt ??= Date.now();
    this.#write();
  }

  /** Removes all marks. Resolves when that is done, or cannot be. */
  async clear(): Promise<void> {
    this.#marks = [];
    this.#write();
    await this.#writing;
    this.#stand.disconnect();
  }

  #write(): void {
    const text = metricsOf(this.#marks);
    this.#writing = this.#writing.then(async () => {
      const failed = (await writeMarks(this.#stand, text)).find(({ code }) => code !== 0);
      if (failed === undefined || this.#hasFailed) return;
      this.#hasFailed = true;
      this.#onFailed(`dashboards do not show the faults: ${failed.stderr.trim() || `exit code ${failed.code}`}`);
    });
  }
}

/** Whole or not at all; nothing where node_exporter has no such collector. @param text empty: no marks, also those of a run that was killed */
export function writeMarks(stand: Stand, text: string) {
  const write = `[ ! -d ${FOLDER} ] || { printf %s ${shellQuote(text)} > ${FILE}.new && mv ${FILE}.new ${FILE}; }`;
  const script = text === "" ? `rm -f ${FILE} ${FILE}.new` : write;
  return Promise.all(byRole(stand, "prometheus").map(({ run }) => run(script, { deadlineMs: WRITE_DEADLINE_MS })));
}

/** In Prometheus' text format; empty without marks. */
export function metricsOf(marks: readonly Mark[]): string {
  const lines = (event: string, help: string, timeOf: (mark: Mark) => number | undefined): string[] => {
    // Of a fault that came twice only the last time: a series may be there once.
    const times = new Map(marks.filter(timeOf).map((mark) => [labelsOf(mark), timeOf(mark) ?? 0]));
    const name = `goldenring_fault_${event}_timestamp_seconds`;
    const samples = [...times].map(([labels, ms]) => `${name}{${labels}} ${(ms / 1_000).toFixed(3)}\n`);
    return samples.length === 0 ? [] : [`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`, ...samples];
  };
  return [
    ...lines("begun", "When a fault of the chaos experiment began.", ({ startedAt }) => startedAt),
    ...lines("ended", "When it was undone.", ({ endedAt }) => endedAt),
  ].join("");
}

/** The label `machine` names the machine of the metric, so the one of the fault is `target`. */
function labelsOf({ experiment, machine, words }: Mark): string {
  return Object.entries({ experiment, target: machine, fault: words })
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",");
}
