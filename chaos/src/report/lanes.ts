import type { Band, Lane, Span, Timeline, Tone } from "@goldenring/run-kit";
import type { FaultRecord, RecordedAlert, RoundRecord, StateSpan } from "../run/record.ts";
import { second } from "./words.ts";

/** A round in lanes: stages, faults, roles, alerts, and the changes of HAProxy's servers and etcd. */
export function timelineOf(round: RoundRecord, id: string, title: string): Timeline {
  const stages = round.stages.map(({ name, from, to, faults }) =>
    span(from, to, name, faults.length === 0 ? "steady" : "degraded"),
  );
  const roles = [...Map.groupBy(round.roles, ({ machine }) => machine)].map(([name, spans]) => ({
    name,
    spans: spans.map(({ from, to, role, timeline }) =>
      span(from, to, timeline === null ? role : `${role}, timeline ${timeline}`, TONES[role]),
    ),
  }));
  return {
    id,
    title,
    about:
      "Stages and their faults, the role of each database machine, alerts, and changes of HAProxy's servers and etcd.",
    x: roundTime(round),
    lanes: [
      { name: "stage", spans: stages },
      ...faultLanes(round),
      ...roles,
      ...alertLanes(round),
      ...stateLanes(round.states),
    ],
    bands: faultBands(round),
  };
}

/** Of roles and states. A server that is down need not be bad: one that does not hold the primary is so in the list of primaries. */
const TONES: Readonly<Record<string, Tone>> = {
  primary: "steady",
  replica: "ready",
  silent: "unknown",
  UP: "steady",
  healthy: "steady",
  unhealthy: "bad",
};

export function roundTime({ lasted }: Pick<RoundRecord, "lasted">): Timeline["x"] {
  return { label: "Seconds from the start of the round", unit: "s", from: 0, to: second(lasted) };
}

export function faultBands(round: RoundRecord): Band[] {
  return faultsOf(round).map((fault) => {
    const { from, to } = faultSpan(fault, round);
    return { from, to, name: `${fault.machine}: ${fault.words}` };
  });
}

export function faultsOf({ stages }: Pick<RoundRecord, "stages">): FaultRecord[] {
  return stages.flatMap(({ faults }) => faults);
}

export function faultLanes(round: RoundRecord): Lane[] {
  const byMachine = Map.groupBy(faultsOf(round), ({ machine }) => machine);
  return [...byMachine].flatMap(([machine, faults]) => {
    const spans = faults.map((fault) => faultSpan(fault, round));
    return lanesOf(`fault ${machine}`, spans);
  });
}

/** A fault that was not undone lasts to the end of what is known. */
function faultSpan({ at, undoneAt, words }: FaultRecord, { lasted }: RoundRecord): Span {
  return span(at, undoneAt ?? Math.max(at, lasted), words, "bad");
}

/** From its arrival until it was resolved, or to the end. */
function alertLanes({ alerts, lasted }: RoundRecord): Lane[] {
  const isEnd = (alert: RecordedAlert, other: RecordedAlert): boolean =>
    other.status === "resolved" && other.name === alert.name && other.machine === alert.machine && other.at >= alert.at;
  const all = alerts ?? [];
  const firing = all.filter(({ status }) => status === "firing");
  const spans = firing.map((alert) => {
    const ends = all.filter((other) => isEnd(alert, other)).map(({ at }) => at);
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
      name: spans.map(({ machine, what }) => (what === "etcd" ? machine : what))[0] ?? "",
      spans: spans.map(({ from, to, state }) => span(from, to, state, TONES[state])),
    }));
}

/** @param from ms of the round, as `to` */
export function span(from: number, to: number, name: string, tone: Tone = "degraded"): Span {
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
