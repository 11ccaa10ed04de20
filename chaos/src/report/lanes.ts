import type { Band, Lane, Span, Timeline, Tone } from "@goldenring/run-kit";
import type { FaultRecord, RecordedAlert, RoleSpan, RoundRecord, StateSpan } from "../run/record.ts";
import { faultText, second } from "./words.ts";

/** A round in lanes: stages, faults, roles, alerts, and the changes of HAProxy's servers and etcd. */
export function timelineOf(round: RoundRecord, id: string, title: string): Timeline {
  return {
    id,
    title,
    about:
      "Stages and their faults, the role of each database machine, alerts, and changes of HAProxy's servers and etcd.",
    x: roundTime(round),
    lanes: [
      stageLane(round),
      ...faultLanes(round),
      ...roleLanes(round.roles),
      ...alertLanes(round),
      ...stateLanes(round.states),
    ],
    bands: faultBands(round),
  };
}

export function roundTime({ lasted }: Pick<RoundRecord, "lasted">): Timeline["x"] {
  return { label: "Seconds from the start of the round", unit: "s", from: 0, to: second(lasted) };
}

/** The times of the faults, to be shown behind curves. */
export function faultBands(round: RoundRecord): Band[] {
  return faultsOf(round).map((fault) => ({ ...timeOf(fault, round), name: faultText(fault) }));
}

export function faultsOf({ stages }: Pick<RoundRecord, "stages">): FaultRecord[] {
  return stages.flatMap(({ faults }) => faults);
}

function stageLane({ stages }: RoundRecord): Lane {
  return {
    name: "stage",
    spans: stages.map(({ name, from, to, faults }) =>
      span(from, to, name, faults.length === 0 ? "steady" : "degraded"),
    ),
  };
}

function faultLanes(round: RoundRecord): Lane[] {
  const byMachine = Map.groupBy(faultsOf(round), ({ machine }) => machine);
  return [...byMachine].flatMap(([machine, faults]) =>
    lanesOf(
      `fault ${machine}`,
      faults.map((fault): Span => ({ ...timeOf(fault, round), name: fault.words, tone: "bad" })),
    ),
  );
}

/** A fault that was not undone lasts to the end of what is known. */
function timeOf(
  { at, undoneAt }: FaultRecord,
  { lasted }: RoundRecord,
): { readonly from: number; readonly to: number } {
  return { from: second(at), to: second(undoneAt ?? Math.max(at, lasted)) };
}

const ROLE_TONES: Readonly<Record<string, Tone>> = { primary: "steady", replica: "ready", silent: "unknown" };

function roleLanes(roles: readonly RoleSpan[]): Lane[] {
  return [...Map.groupBy(roles, ({ machine }) => machine)].map(([name, spans]) => ({
    name,
    spans: spans.map(({ from, to, role, timeline }) =>
      span(from, to, timeline === null ? role : `${role}, timeline ${timeline}`, ROLE_TONES[role] ?? "degraded"),
    ),
  }));
}

/** From its arrival until it was resolved, or to the end. */
function alertLanes({ alerts, lasted }: RoundRecord): Lane[] {
  const firing = (alerts ?? []).filter(({ status }) => status === "firing");
  const isEnd = (alert: RecordedAlert, other: RecordedAlert): boolean =>
    other.status === "resolved" && other.name === alert.name && other.machine === alert.machine && other.at >= alert.at;
  const spans = firing.map((alert) => {
    const ends = (alerts ?? []).filter((other) => isEnd(alert, other)).map(({ at }) => at);
    return span(alert.at, Math.min(lasted, ...ends), `${alert.name} ${alert.machine}`.trim(), "bad");
  });
  return lanesOf("alerts", spans);
}

/** Only what changed: each of the others would be one long bar. */
function stateLanes(states: readonly StateSpan[]): Lane[] {
  const parts = Map.groupBy(states, ({ machine, what }) => `${machine} ${what}`);
  return [...parts.values()]
    .filter((spans) => new Set(spans.map(({ state }) => state)).size > 1)
    .map((spans) => ({
      name: partOf(spans[0]),
      spans: spans.map(({ from, to, state }) => span(from, to, state, STATE_TONES[state] ?? "degraded")),
    }));
}

function partOf(span: StateSpan | undefined): string {
  if (span === undefined) return "";
  return span.what === "etcd" ? span.machine : span.what;
}

/** A server that is down need not be bad: one that does not hold the primary is so in the list of primaries. */
const STATE_TONES: Readonly<Record<string, Tone>> = {
  UP: "steady",
  healthy: "steady",
  unhealthy: "bad",
  silent: "unknown",
};

function span(from: number, to: number, name: string, tone: Tone): Span {
  return { from: second(from), to: second(to), name, tone };
}

/** As many lanes as are needed for none to overlap. */
function lanesOf(name: string, spans: readonly Span[]): Lane[] {
  const lanes: Span[][] = [];
  for (const each of spans.toSorted((one, other) => one.from - other.from)) {
    const free = lanes.find((lane) => (lane.at(-1)?.to ?? 0) <= each.from);
    if (free === undefined) lanes.push([each]);
    else free.push(each);
  }
  return lanes.map((lane, at) => ({ name: at === 0 ? name : `${name} (${at + 1})`, spans: lane }));
}
