import {
  type Chart,
  commitText,
  drawable,
  html,
  numbers,
  page,
  shown,
  tableSection,
  withUnit,
} from "@goldenring/run-kit";
import * as z from "zod";
import { ApiSize, RunRecord } from "../record/record.ts";
import { CapacityFigures } from "./results.ts";
import { sizeText } from "./words.ts";

export const SIZES_FORMAT = 1;

const MeasuredSize = z.object({
  scenario: z.string(),
  size: ApiSize,
  /** Of the search; one that was interrupted is resumed from there. */
  folder: z.string(),
  capacity: CapacityFigures,
});
export type MeasuredSize = z.infer<typeof MeasuredSize>;

/** The capacity of scenarios at several sizes of the API, as it is stored after every search. */
export const SizesFile = z.object({
  format: z.literal(SIZES_FORMAT),
  /** The stand's own size, to which it returns. From one to another only one of the three numbers changes. */
  base: ApiSize,
  sizes: z.array(ApiSize),
  scenarios: z.array(z.string()),
  isFull: z.boolean(),
  measured: z.array(MeasuredSize),
  /** Of the last run, for commit and computer; undefined before the first. */
  record: RunRecord.optional(),
});
export type SizesFile = z.infer<typeof SizesFile>;

const DIMENSIONS = [
  ["replicas", "replicas", "Replicas"],
  ["cpu", "cores", "CPU of each replica"],
  ["memoryMiB", "MiB", "Memory of each replica"],
] as const satisfies readonly (readonly [keyof ApiSize, Chart["x"]["unit"], string])[];

/** Users within the objectives over each number that differs; the other two are those of the stand. */
export function chartsOfSizes({ base, scenarios, measured }: SizesFile): Chart[] {
  return drawable(
    DIMENSIONS.flatMap(([dimension, unit, label]) => {
      const others = DIMENSIONS.map(([name]) => name).filter((name) => name !== dimension);
      const along = measured.filter(({ size }) => others.every((name) => size[name] === base[name]));
      const xs = [...new Set(along.map(({ size }) => size[dimension]))].sort((one, other) => one - other);
      const lines = scenarios.map((scenario) => ({
        name: scenario,
        values: xs.map(
          (x) => along.find((each) => each.scenario === scenario && each.size[dimension] === x)?.capacity.held ?? null,
        ),
      }));
      const rest = sizeText(base);
      return xs.length < 2
        ? []
        : {
            id: `users-by-${unit.toLowerCase()}`,
            title: `Users within the objectives: ${label.toLowerCase()}`,
            about: `The highest number of users that held. All else as on the stand: ${rest}.`,
            x: { label, unit },
            y: { unit: "", scale: "linear" },
            xs,
            lines,
            limits: [],
          };
    }),
  );
}

export function sizesPage(file: SizesFile): Promise<string> {
  const { measured, sizes, scenarios, record } = file;
  const rows = measured.map(({ scenario, size, capacity }) => [
    scenario,
    sizeText(size),
    shown(capacity.held),
    capacity.broke === undefined ? "–" : shown(capacity.broke),
    withUnit(capacity.requestsPerSecond, "/s"),
    withUnit(capacity.p95Ms, "ms"),
    capacity.saturated,
    capacity.ended,
  ]);
  const columns = [
    "Scenario",
    "Size",
    ...numbers("Users", "Missed at", "Requests", "P95"),
    "Saturated first",
    "Search",
  ];
  return page({
    title: "Users within the objectives, by size of the API",
    header: html`<p class="small">Load tests${record && html`, commit ${commitText(record)}`}</p>
<h1>Users within the objectives, by size of the API</h1>
<p class="lead">${measured.length} of ${sizes.length * scenarios.length} searches for the capacity.</p>`,
    main: tableSection("sizes", "Sizes", columns, rows),
    charts: chartsOfSizes(file),
    withoutCharts: "The table above has all values.",
  });
}
