import { loadavg } from "node:os";
import {
  commitText,
  computerText,
  markdownTable,
  Provenance,
  provenance,
  type ResultsFile,
  resultsPage,
  writeResults,
} from "../../run-kit/src/index.ts";

const text = Provenance.shape.commit;
const Entry = Provenance.extend({
  title: text,
  command: text,
  measuredAt: text,
  /** Processes that wanted a core in the last five minutes: what else the computer did. */
  load: text,
  /** What, and how much. */
  figures: text.array().array(),
});
type Entry = ReturnType<typeof Entry.parse>;

const FILE: ResultsFile<Entry> = {
  name: "restores",
  schema: Entry,
  merge: (known, fresh) =>
    [...known.filter(({ title }) => fresh.every((one) => one.title !== title)), ...fresh].toSorted((one, other) =>
      one.title.localeCompare(other.title),
    ),
  round: (value) => value,
  page: (entries) =>
    resultsPage({
      title: "restores, lost machines, new authorities",
      writtenBy: "GOLDENRING_WRITE_RESULTS=1 bun test",
      commands: entries.map(({ command }) => command),
      facts: entries.map(
        (entry) =>
          `${entry.title}: ${entry.measuredAt}, commit ${commitText(entry)}, ${computerText(entry)}, load ${entry.load}`,
      ),
      body: entries.flatMap(({ title, figures }) => [
        `## ${title}`,
        "",
        markdownTable(["what", "figure"], figures),
        "",
      ]),
    }),
};

/** Prints figures of a test, and writes them to docs/results/restores.md where GOLDENRING_WRITE_RESULTS is set. */
export async function record(title: string, file: string, figures: Readonly<Record<string, string>>): Promise<void> {
  console.log(title, figures);
  if (process.env.GOLDENRING_WRITE_RESULTS === undefined) return;
  const settings = ["RESTORE_KILLS", "RESTORE_TIMELINES"].filter((name) => process.env[name]);
  const words = settings.map((name) => `${name}=${process.env[name]} `).join("");
  const entry = {
    title,
    command: `${words}bun test ./cluster/stand-tests/${file}.stand.ts`,
    measuredAt: `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    load: (loadavg()[1] ?? 0).toFixed(1),
    figures: Object.entries(figures),
    ...(await provenance()),
  };
  await writeResults(FILE, [entry]);
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
