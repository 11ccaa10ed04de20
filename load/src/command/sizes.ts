import { join, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  CommandError,
  columns,
  EXIT,
  interruptedExit,
  makeRunFolder,
  readRunFile,
  writeRunFile,
} from "@goldenring/run-kit";
import { REPLICA_BOUNDS, replaceFile } from "@goldenring/stand";
import { LENGTHS } from "../all/parts.ts";
import { type ApiSize, RUN_FILES } from "../record/record.ts";
import { capacityFigures } from "../report/results.ts";
import { type MeasuredSize, SIZES_FORMAT, SizesFile, sizesPage } from "../report/sizes-page.ts";
import { sizeText } from "../report/words.ts";
import { SCENARIOS, scenarioNamed } from "../scenarios.ts";
import { measureCapacity } from "./capacity.ts";
import type { LoadDeps } from "./deps.ts";
import { numbersOf, type OptionValues, RUNS, someOf } from "./option-table.ts";
import { StandSession } from "./stand-session.ts";

const SIZES_FILE = "sizes.json";

export const SIZES_OPTIONS = {
  scenarios: [
    "--scenarios <names>",
    "separated by commas (default: browse-cities)",
    someOf(SCENARIOS.map(({ name }) => name)),
  ],
  replicas: [
    "--replicas <numbers>",
    "such as 1,3,5 (default, unless a size is named)",
    numbersOf(REPLICA_BOUNDS.count, "replicas"),
  ],
  cpu: [
    "--cpu <cores>",
    "of each replica, such as 0.25,0.5 (default, unless a size is named)",
    numbersOf(REPLICA_BOUNDS.cpu, "cores"),
  ],
  memory: [
    "--memory <MiB>",
    "of each replica, such as 128,256 (default, unless a size is named)",
    numbersOf(REPLICA_BOUNDS.memoryMiB, "MiB"),
  ],
  full: ["--full", "longer steps and a bracket of 2 % instead of 10"],
  resume: ["--resume <folder>", "continue a measurement that was interrupted", String],
  ...RUNS,
} as const;
type SizesOptions = OptionValues<typeof SIZES_OPTIONS>;

/**
 * The capacity of scenarios at several sizes of the API: from the stand's own, one number is changed at a time. However it ends, the stand has its own
 * size again. @returns the exit code
 */
export async function measureSizes(options: SizesOptions, deps: LoadDeps, search = searchOnStand): Promise<number> {
  const { output, signal } = deps;
  const stand = await deps.stand?.();
  if (stand?.resize === undefined || stand.size === undefined) {
    throw new CommandError("`load sizes` changes the size of the lab's stand: start it first, by `ring up`.", "usage");
  }
  const { resize } = stand;
  const { folder, plan } = await planOf(options, stand.size, deps);
  // Unknown at first, and while it changes: what an interrupted run has left may be half of a change.
  let current: ApiSize | undefined;
  const change = async (size: ApiSize, ended: AbortSignal): Promise<void> => {
    if (isDeepStrictEqual(current, size)) return;
    current = undefined;
    output.log(`\n== ${sizeText(size)}`);
    await resize(size, ended);
    current = size;
  };
  let file = plan;
  try {
    for (const size of plan.sizes) {
      for (const scenario of plan.scenarios) {
        const earlier = file.measured.find((one) => one.scenario === scenario && isDeepStrictEqual(one.size, size));
        if (signal.aborted || (earlier && !isInterrupted(earlier))) continue;
        await change(size, signal);
        const found = await search({ scenario, size, folder, isFull: file.isFull, earlier }, deps);
        if (found === undefined) continue;
        const { record, ...measured } = found;
        file = { ...file, measured: [...file.measured.filter((one) => one !== earlier), measured], record };
        writeRunFile(folder, SIZES_FILE, file);
        replaceFile(join(folder, RUN_FILES.report), await sizesPage(file));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await change(plan.base, new AbortController().signal);
  }
  output.result(columns(file.measured.map(rowOf)).join("\n"));
  output.result(`files: ${folder}`);
  if (!signal.aborted) return EXIT.ok;
  output.log(`to resume: ring load sizes --resume ${folder}`);
  return interruptedExit(signal);
}

async function planOf(options: SizesOptions, base: ApiSize, { runs }: LoadDeps) {
  const { resume, scenarios = ["browse-cities"], full = false } = options;
  if (resume !== undefined) return { folder: resume, plan: await readRunFile(resume, SIZES_FILE, SizesFile) };
  const { folder } = await makeRunFolder(runs, "sizes", new Date());
  const sizes = sizesAround(base, options);
  const plan: SizesFile = { format: SIZES_FORMAT, base, sizes, scenarios, isFull: full, measured: [] };
  // A run that is killed during its first search can be resumed, too: the stand's own size is known from here.
  writeRunFile(folder, SIZES_FILE, plan);
  return { folder, plan };
}

/** The stand's own size first; each size once. */
export function sizesAround(base: ApiSize, options: Pick<SizesOptions, "replicas" | "cpu" | "memory">): ApiSize[] {
  const isNamed = options.replicas !== undefined || options.cpu !== undefined || options.memory !== undefined;
  const { replicas = [], cpu = [], memory = [] } = isNamed ? options : USUAL_SIZES;
  const sizes = [
    base,
    ...replicas.map((each) => ({ ...base, replicas: each })),
    ...cpu.map((each) => ({ ...base, cpu: each })),
    ...memory.map((each) => ({ ...base, memoryMiB: each })),
  ];
  return sizes.filter((size, at) => sizes.findIndex((each) => isDeepStrictEqual(each, size)) === at);
}

const USUAL_SIZES = { replicas: [1, 3, 5], cpu: [0.25, 0.5], memory: [128, 256] };

const isInterrupted = ({ capacity }: MeasuredSize): boolean => capacity.ended === "interrupted";

interface Wanted extends Pick<MeasuredSize, "scenario" | "size" | "folder">, Pick<SizesFile, "isFull"> {
  /** Of the same, interrupted. */
  readonly earlier: MeasuredSize | undefined;
}

/** With the stand's data alone. @returns undefined when it was interrupted before its first step ended */
async function searchOnStand({ scenario, size, folder, isFull, earlier }: Wanted, deps: LoadDeps) {
  const known = scenarioNamed(scenario);
  if (known === undefined) throw new CommandError(`There is no scenario ${scenario} any more.`, "usage");
  const lengths = LENGTHS[isFull ? "full" : "short"];
  const session = await StandSession.open(lengths, deps);
  await session.setData(0);
  const options = { ...lengths.search, resume: earlier && join(folder, earlier.folder) };
  const found = await measureCapacity(known, options, { ...deps, runs: join(folder, "searches") });
  await session.close({ keepData: false });
  const { record, capacity } = found;
  const own = relative(resolve(folder), resolve(found.folder));
  return record && { scenario, size, folder: own, capacity: capacityFigures(capacity), record };
}

function rowOf({ scenario, size, capacity: { held, broke, ended } }: MeasuredSize): string[] {
  const limit = broke === undefined ? "no limit found" : `${broke} missed an objective`;
  return [
    scenario,
    sizeText(size),
    `${held} users`,
    ended === "found" ? limit : `${limit}; the search ended: ${ended}`,
  ];
}
