/**
 * What each setting of `rto: fast` is worth under packet loss: changes one at a time, plays rounds of loss, and puts the settings
 * back. `bun stand-tests/settings-study.ts [--rounds N] [--only TEXT] [--write]`; the stand must be up. About 40 minutes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";
import { settingsPage, settingsTable, type VariantResult } from "./report.ts";
import { playRound, type RoundResult } from "./round.ts";
import { Stand } from "./stand.ts";
import { VARIANTS, type Variant } from "./variants.ts";

const CLUSTER = fileURLToPath(new URL("../cluster", import.meta.url));
const PAGE = fileURLToPath(new URL("../docs/results/stand-settings.md", import.meta.url));
/** The harshest loss with a bar: gentler ones end in times that hardly tell the settings apart. */
const STUDIED = FAULTS.filter(({ name }) => name === "loss-both-40");
/** What role common has set; a machine of the lab may not set all that Debian's own files name. */
const OWN_SETTINGS = "sysctl -qe -p /etc/sysctl.d/60-goldenring.conf";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort(signal));

const stand = await Stand.open();
const folder = mkdtempSync(join(tmpdir(), "goldenring-settings-"));
const results: VariantResult[] = [];
try {
  for (const variant of VARIANTS.filter(({ name }) => name.includes(options.only))) {
    if (interrupted.signal.aborted) break;
    await apply(variant);
    for (const fault of STUDIED) {
      results.push({ variant: variant.name, fault: fault.about, rounds: await roundsOf(variant, fault) });
    }
  }
} finally {
  await apply({ name: "as it is" });
  stand.disconnect();
  rmSync(folder, { recursive: true, force: true });
}
console.log(settingsTable(results));
if (options.write && !interrupted.signal.aborted) writeFileSync(PAGE, settingsPage(results));
process.exitCode = interrupted.signal.aborted ? 130 : 0;

/** Rounds that could not be played to their end are left out, and said. */
async function roundsOf(variant: Variant, fault: (typeof FAULTS)[number]): Promise<RoundResult[]> {
  const played: RoundResult[] = [];
  for (let number = 0; number < Number(options.rounds) && !interrupted.signal.aborted; number += 1) {
    const say = (line: string): void => console.log(`${variant.name}, ${fault.name}: ${line}`);
    const roundFolder = join(folder, `${results.length}-${number}`);
    await playRound({ stand, fault, number, folder: roundFolder, signal: interrupted.signal, say }).then(
      (result) => played.push(result),
      (error) => say(`not played to its end: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
  return played;
}

/** Everything that the variant does not name is as the inventory has it. */
async function apply({ name, timing = {}, sysctl = {} }: Variant): Promise<void> {
  console.log(`settings: ${name}`);
  const extra = JSON.stringify({ timing_changes: timing });
  const argv = ["-i", stand.inventory.file, "site.yml", "--tags", "haproxy,patroni", "-e", extra];
  const child = spawn("ansible-playbook", argv, { cwd: CLUSTER, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the playbook failed with exit code ${code}`);
  const settings = Object.entries(sysctl).map(([key, value]) => `sysctl -qe -w ${key}=${value}`);
  const machines = stand.withRoles("etcd", "postgres", "haproxy", "api", "ingress");
  await Promise.all(machines.map((machine) => stand.must(machine, [OWN_SETTINGS, ...settings].join("; "))));
}
