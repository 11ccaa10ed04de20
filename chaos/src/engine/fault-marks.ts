import { byRole, type Stand, shellQuote } from "@goldenring/stand";
import type { FaultRecord } from "../run/record.ts";

/** Where node_exporter's textfile collector looks; the role node_exporter says so. */
const FOLDER = "/var/lib/prometheus/node-exporter";
const FILE = `${FOLDER}/goldenring-chaos.prom`;
const WRITE_DEADLINE_MS = 10_000;

/**
 * The faults of a round as metrics of the machines that Prometheus runs on, so that every dashboard shows them across its graphs. They stay
 * until `clear`: a fault that is shorter than the pause between two scrapes is seen, too. What cannot be written is logged once and changes
 * nothing, and nothing waits for it.
 */
export function faultMarks(stand: Stand, onFailed: (why: string) => void) {
  // On its own connections: a mark must not delay the fault that it shows.
  const own = stand.again();
  let writing = Promise.resolve();
  let hasFailed = false;
  /** @param text of `metricsOf` */
  const write = (text: string): void => {
    writing = writing.then(async () => {
      const failed = (await writeMarks(own, text)).find(({ code }) => code !== 0);
      if (failed === undefined || hasFailed) return;
      hasFailed = true;
      onFailed(`dashboards do not show the faults: ${failed.stderr.trim() || `exit code ${failed.code}`}`);
    });
  };
  return {
    write,
    /** Resolves when all marks are removed, or cannot be. */
    async clear(): Promise<void> {
      write("");
      await writing;
      own.disconnect();
    },
  };
}

/** Whole or not at all; nothing where node_exporter has no such collector. @param text empty: no marks, also those of a run that was killed */
export function writeMarks(stand: Stand, text: string) {
  const write = `[ ! -d ${FOLDER} ] || { printf %s ${shellQuote(text)} > ${FILE}.new && mv ${FILE}.new ${FILE}; }`;
  const script = text === "" ? `rm -f ${FILE} ${FILE}.new` : write;
  return Promise.all(byRole(stand, "prometheus").map(({ run }) => run(script, { deadlineMs: WRITE_DEADLINE_MS })));
}

/** In Prometheus' text format; empty without faults. @param startedAt of the round, ms since 1970 */
export function metricsOf(experiment: string, startedAt: number, faults: readonly FaultRecord[]): string {
  const lines = (event: string, help: string, timeOf: (fault: FaultRecord) => number | null): string => {
    // Of a fault that came twice only the last time: a series may be there once.
    const times = new Map<string, number>();
    for (const fault of faults) {
      const at = timeOf(fault);
      if (at !== null) times.set(labelsOf(experiment, fault), startedAt + at);
    }
    if (times.size === 0) return "";
    const name = `goldenring_fault_${event}_timestamp_seconds`;
    const samples = [...times].map(([labels, ms]) => `${name}{${labels}} ${(ms / 1_000).toFixed(3)}\n`);
    return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.join("")}`;
  };
  const begun = lines("begun", "When a fault of the chaos experiment began.", ({ at }) => at);
  return begun + lines("ended", "When it was undone.", ({ undoneAt }) => undoneAt);
}

/** The label `machine` names the machine of the metric, so the one of the fault is `target`. */
function labelsOf(experiment: string, { machine, words }: FaultRecord): string {
  return Object.entries({ experiment, target: machine, fault: words })
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",");
}
