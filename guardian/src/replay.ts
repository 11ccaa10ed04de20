import type { Evidence } from "./evidence.ts";
import { type Act, COOL_DOWN_MS, judge, type Verdict, WINDOW_MS } from "./judge.ts";

export interface Replayed extends Verdict {
  /** Milliseconds since 1970. */
  readonly at: number;
}

const isAction = (act: Act): boolean => act === "switch over" || act === "fence";

/**
 * What the judgement makes of recorded evidence: each change of the verdict. As a guardian that may act and fence would have judged, whatever the
 * recording one was allowed to; after an action of its own it keeps the cool-down.
 */
export async function* replay(recording: AsyncIterable<Evidence> | Iterable<Evidence>): AsyncGenerator<Replayed> {
  let window: Evidence[] = [];
  let before = "";
  let actedAt = Number.NEGATIVE_INFINITY;
  for await (const evidence of recording) {
    window = [...window.filter(({ at }) => evidence.at - at <= WINDOW_MS), evidence];
    const agoMs = evidence.at - actedAt;
    const actedMs = agoMs < COOL_DOWN_MS ? agoMs : null;
    const verdict = judge(window, { mode: "act", mayFence: true, actedMs });
    if (isAction(verdict.act)) actedAt = evidence.at;
    const kind = `${verdict.act} ${verdict.machine ?? ""}`;
    if (kind !== before && (before !== "" || verdict.act !== "nothing")) yield { at: evidence.at, ...verdict };
    before = kind;
  }
}
