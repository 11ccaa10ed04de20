import { CommandError } from "@goldenring/run-kit";
import { type Cut, DIRECTIONS, type Direction, runOrThrow } from "@goldenring/stand";
import { z } from "zod";
import { A_MINUTE } from "../task.ts";
import { inside } from "./namespace.ts";

const percent = z.number().min(0).max(100);

export const Faults = z.object({
  /** Percentage of lost packets, by machine. */
  loss: z.record(z.string(), z.object({ in: percent, out: percent })),
  cut: z.array(
    z.object({
      machine: z.string(),
      from: z.string().optional(),
      port: z.int().min(1).max(65_535).optional(),
      direction: z.enum(DIRECTIONS).optional(),
    }),
  ),
});
/** The network faults of a stand. */
export type Faults = z.output<typeof Faults>;

export const NO_FAULTS: Faults = { loss: {}, cut: [] };

/** Loss is drawn in hundredths of a percent. */
const RESOLUTION = 10_000;

/** @throws {CommandError} unless the percentage is between 0 and 100; 0 ends the loss */
export function withLoss(faults: Faults, machine: string, percent: number, direction: Direction): Faults {
  if (!(percent >= 0 && percent <= 100))
    throw new CommandError(`A loss of ${percent} % is not possible: use 0 to 100.`);
  const before = faults.loss[machine] ?? { in: 0, out: 0 };
  const after = {
    in: direction === "out" ? before.in : percent,
    out: direction === "in" ? before.out : percent,
  };
  const { [machine]: _, ...others } = faults.loss;
  const isNone = after.in === 0 && after.out === 0;
  return { ...faults, loss: isNone ? others : { ...others, [machine]: after } };
}

export function withCut(faults: Faults, machine: string, { from, port, direction }: Cut = {}): Faults {
  const isSame = (cut: Faults["cut"][number]): boolean =>
    cut.machine === machine && cut.from === from && cut.port === port && cut.direction === direction;
  return faults.cut.some(isSame) ? faults : { ...faults, cut: [...faults.cut, { machine, from, port, direction }] };
}

/** @param machine undefined: all machines */
export function healed(faults: Faults, machine?: string): Faults {
  if (machine === undefined) return NO_FAULTS;
  const { [machine]: _, ...loss } = faults.loss;
  return { loss, cut: faults.cut.filter((cut) => cut.machine !== machine && cut.from !== machine) };
}

/**
 * The complete rules; loading them replaces all others at once. They name interfaces of the bridge, so they also hold for a machine
 * that is off or reboots. Loss spares ARP: a lost request would delay everything by a second, and no percentage would come out.
 */
export function rulesOf({ loss, cut }: Faults): string {
  /** Of pairs of machines, or of one machine and everything. */
  const cutRules = (direction: "in" | "out", isPair: boolean): readonly string[] =>
    cut.flatMap(({ machine, from, port, direction: only = direction }) => {
      if (only !== direction && only !== "both") return [];
      if ((from !== undefined) !== isPair) return [];
      // The bridge receives what a machine sends on the input side.
      const [own, peer] = direction === "out" ? ["iifname", "oifname"] : ["oifname", "iifname"];
      const other = from === undefined ? "" : ` ${peer} "vb-${from}"`;
      const ofPort = port === undefined ? "" : ` tcp ${direction === "out" ? "sport" : "dport"} ${port}`;
      return `${own} "vb-${machine}"${other}${ofPort} counter drop`;
    });
  const dropped = (side: "iifname" | "oifname", direction: "in" | "out"): readonly string[] => [
    ...cutRules(direction, false),
    ...Object.entries(loss).flatMap(([machine, percent]) => lossRule(`${side} "vb-${machine}"`, percent[direction])),
  ];
  return [
    "table bridge faults",
    "delete table bridge faults",
    "table bridge faults {",
    ...chain("sent", "prerouting", dropped("iifname", "out")),
    ...chain("between", "forward", [...cutRules("out", true), ...cutRules("in", true)]),
    ...chain("received", "postrouting", dropped("oifname", "in")),
    "}",
    "",
  ].join("\n");
}

function lossRule(match: string, percent: number): readonly string[] {
  const share = Math.round(percent * (RESOLUTION / 100));
  if (share === 0) return [];
  // nft refuses a comparison that is always true.
  const dice = share === RESOLUTION ? "" : `numgen random mod ${RESOLUTION} < ${share} `;
  return [`${match} ether type != arp ${dice}counter drop`];
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
  await runOrThrow(inside(namespace, ["nft", "-f", "-"]), { ...A_MINUTE, input: rulesOf(faults) });
}
