import { LabProblem } from "../problem.ts";
import { runOrFail } from "../run.ts";
import type { Faults } from "../state/runtime.ts";
import { NO_FAULTS } from "../state/runtime.ts";
import { inside } from "./namespace.ts";

export const DIRECTIONS = ["in", "out", "both"] as const;
/** Seen from the machine: `out` is what it sends. */
export type Direction = (typeof DIRECTIONS)[number];

/** Loss is drawn in hundredths of a percent. */
const RESOLUTION = 10_000;

/** @throws LabProblem unless the percentage is one of 0 to 100; 0 ends the loss */
export function withLoss(faults: Faults, machine: string, percent: number, direction: Direction): Faults {
  if (!(percent >= 0 && percent <= 100)) throw new LabProblem(`A loss of ${percent} % is not possible: say 0 to 100.`);
  const before = faults.loss[machine] ?? { in: 0, out: 0 };
  const after = {
    in: direction === "out" ? before.in : percent,
    out: direction === "in" ? before.out : percent,
  };
  const { [machine]: _, ...others } = faults.loss;
  const isNone = after.in === 0 && after.out === 0;
  return { ...faults, loss: isNone ? others : { ...others, [machine]: after } };
}

/** @param from undefined: from everything, the operator included */
export function withCut(faults: Faults, machine: string, from?: string): Faults {
  if (faults.cut.some((cut) => cut.machine === machine && cut.from === from)) return faults;
  return { ...faults, cut: [...faults.cut, { machine, ...(from === undefined ? {} : { from }) }] };
}

/** @param machine undefined: all machines */
export function healed(faults: Faults, machine?: string): Faults {
  if (machine === undefined) return NO_FAULTS;
  const { [machine]: _, ...loss } = faults.loss;
  return { loss, cut: faults.cut.filter((cut) => cut.machine !== machine && cut.from !== machine) };
}

/**
 * The rules, complete: loading them replaces whatever was there at once. They name interfaces of the bridge, so they hold for a machine
 * that is off or boots again too. Loss spares ARP: a lost request would hold up everything for a second, and no percentage would come out.
 */
export function rulesOf({ loss, cut }: Faults): string {
  const drop = (direction: "iifname" | "oifname", machine: string, percent: number): string[] => {
    const share = Math.round(percent * (RESOLUTION / 100));
    if (share === 0) return [];
    // nft refuses a comparison that is always true.
    const dice = share === RESOLUTION ? "" : `numgen random mod ${RESOLUTION} < ${share} `;
    return [`${direction} "vb-${machine}" ether type != arp ${dice}counter drop`];
  };
  const isAll = (each: Faults["cut"][number]): boolean => each.from === undefined;
  const sent = [
    ...cut.filter(isAll).map(({ machine }) => `iifname "vb-${machine}" counter drop`),
    ...Object.entries(loss).flatMap(([machine, { out }]) => drop("iifname", machine, out)),
  ];
  const received = [
    ...cut.filter(isAll).map(({ machine }) => `oifname "vb-${machine}" counter drop`),
    ...Object.entries(loss).flatMap(([machine, percent]) => drop("oifname", machine, percent.in)),
  ];
  const between = cut.flatMap(({ machine, from }) =>
    from === undefined
      ? []
      : [
          `iifname "vb-${machine}" oifname "vb-${from}" counter drop`,
          `iifname "vb-${from}" oifname "vb-${machine}" counter drop`,
        ],
  );
  return [
    "table bridge faults",
    "delete table bridge faults",
    "table bridge faults {",
    ...chain("sent", "prerouting", sent),
    ...chain("between", "forward", between),
    ...chain("received", "postrouting", received),
    "}",
    "",
  ].join("\n");
}

function chain(name: string, hook: string, rules: readonly string[]): readonly string[] {
  return [
    `  chain ${name} {`,
    `    type filter hook ${hook} priority 0;`,
    ...rules.map((rule) => `    ${rule}`),
    "  }",
  ];
}

export async function loadFaults(namespace: string, faults: Faults): Promise<void> {
  await runOrFail(inside(namespace, ["nft", "-f", "-"]), { input: rulesOf(faults) });
}
