import type { NewValue, Value } from "./api-client.ts";

/** A value as it was sent. Its `summary` is used for one request only, which makes it the request's name. */
export interface SentValue extends NewValue {
  readonly cityId: number;
  readonly summary: string;
}

interface Acknowledged {
  readonly id: number;
  readonly value: SentValue;
  readonly at: number;
}

/** The requests to add a value, what was acknowledged, and the judgement over lists and tables that should hold it all. */
export class AddedValues {
  readonly #sent = new Map<string, SentValue>();
  readonly #acknowledged: Acknowledged[] = [];
  readonly violations: string[] = [];

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** Call it before the request is sent. */
  next(cityId: number): SentValue {
    const number = this.#sent.size + 1;
    const value = {
      cityId,
      dateTime: 1_700_000_000_000 + number,
      temperature: number % 40,
      summary: `request ${number}`,
    };
    this.#sent.set(value.summary, value);
    return value;
  }

  /** @param at performance.now() when the answer had arrived */
  acknowledge(value: SentValue, answer: Value, at: number): void {
    if (!sameValue(value, answer)) this.violations.push(`${value.summary} was answered ${JSON.stringify(answer)}`);
    this.#acknowledged.push({ id: answer.id, value, at });
  }

  /** A list must hold what was acknowledged before `asOf`: the moment of its request, or an earlier one if it is marked stale. */
  checkList(rows: readonly Value[], asOf: number, stale: boolean): void {
    this.#check(rows, asOf, stale ? "a stale list" : "a list");
  }

  /** The table once everything is over. */
  checkTable(rows: readonly Value[]): void {
    this.#check(rows, Infinity, "the table");
  }

  #check(rows: readonly Value[], asOf: number, where: string): void {
    const byId = new Map(rows.map((row) => [row.id, row]));
    if (byId.size < rows.length) this.violations.push(`${where} has an id twice`);
    const requests = new Set<string>();
    for (const row of rows) {
      const sent = this.#sent.get(row.summary ?? "");
      if (!sent) continue;
      if (!sameValue(sent, row))
        this.violations.push(`${where} has ${JSON.stringify(row)} for ${JSON.stringify(sent)}`);
      if (requests.has(sent.summary)) this.violations.push(`${where} has ${sent.summary} twice`);
      requests.add(sent.summary);
    }
    for (const { id, value, at } of this.#acknowledged) {
      if (at >= asOf) continue;
      const row = byId.get(id);
      if (row?.summary !== value.summary)
        this.violations.push(`${where} has ${JSON.stringify(row)} under id ${id}, acknowledged for ${value.summary}`);
    }
  }
}

function sameValue(sent: SentValue, row: Value): boolean {
  return (
    sent.cityId === row.cityId &&
    sent.dateTime === row.dateTime &&
    sent.temperature === row.temperature &&
    sent.summary === row.summary
  );
}
