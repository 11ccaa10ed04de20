/**
 * What clients saw of one register: one row's value, which every write sets to a number used once. Judges whether all of
 * it could have happened one after the other, each operation at some moment between its request and its answer
 * (linearizability), by the rule for histories with distinct values of Gibbons and Korach, "Testing Shared Memories"
 * (SIAM J. Comput. 26, 1997).
 */
export class RegisterHistory {
  readonly #writes = new Map<number, Write>();
  readonly #reads: Read[] = [];

  constructor(
    readonly name: string,
    initial: number,
  ) {
    this.#writes.set(initial, { startedAt: -Infinity, endedAt: -Infinity, acknowledged: true });
  }

  /** Call it before the request is sent. */
  writeStarted(value: number, startedAt: number): void {
    if (this.#writes.has(value)) throw new Error(`${this.name}: ${value} is written twice`);
    this.#writes.set(value, { startedAt, endedAt: Infinity, acknowledged: false });
  }

  /** A write that is never acknowledged may happen at any later time, or never. */
  writeAcknowledged(value: number, endedAt: number): void {
    const write = this.#writes.get(value);
    if (!write) throw new Error(`${this.name}: ${value} was not begun`);
    write.endedAt = endedAt;
    write.acknowledged = true;
  }

  read(value: number, startedAt: number, endedAt: number): void {
    this.#reads.push({ value, startedAt, endedAt });
  }

  /** What cannot have happened, in words; empty for a linearizable history. */
  violations(): string[] {
    const readsOf = Map.groupBy(this.#reads, ({ value }) => value);
    const invented = [...readsOf.keys()].filter((value) => !this.#writes.has(value));
    const early = this.#reads.filter(
      ({ value, endedAt }) => endedAt < (this.#writes.get(value)?.startedAt ?? -Infinity),
    );
    const zones = [...this.#writes].flatMap(([value, write]) => {
      const operations = [write, ...(readsOf.get(value) ?? [])];
      // A write that nobody saw need not have happened.
      return write.acknowledged || operations.length > 1 ? [zoneOf(value, operations)] : [];
    });
    return [
      ...invented.map((value) => `${value} was read, and nobody wrote it`),
      ...early.map(({ value }) => `${value} was read before it was written`),
      ...conflicts(zones),
    ].map((violation) => `${this.name}: ${violation}`);
  }
}

interface Write {
  readonly startedAt: number;
  endedAt: number;
  acknowledged: boolean;
}

interface Read {
  readonly value: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * From the first end to the last start of a value's operations. Where the end lies first ("forward"), the register
 * certainly held the value all that time; else ("backward") one moment between the two is enough for all of them.
 */
interface Zone {
  readonly value: number;
  readonly from: number;
  readonly to: number;
  readonly forward: boolean;
}

function zoneOf(value: number, operations: readonly Omit<Read, "value">[]): Zone {
  let firstEnd = Infinity;
  let lastStart = -Infinity;
  for (const { startedAt, endedAt } of operations) {
    firstEnd = Math.min(firstEnd, endedAt);
    lastStart = Math.max(lastStart, startedAt);
  }
  const forward = firstEnd < lastStart;
  return { value, forward, from: Math.min(firstEnd, lastStart), to: Math.max(firstEnd, lastStart) };
}

/** The register holds one value at a time: certain times exclude each other, and leave a moment for the others. */
function conflicts(zones: readonly Zone[]): string[] {
  const found: string[] = [];
  const certain = zones.filter(({ forward }) => forward).sort((a, b) => a.from - b.from);
  for (const [index, zone] of certain.entries()) {
    const before = certain[index - 1];
    if (before && before.to > zone.from)
      found.push(`${before.value} was still there after ${zone.value} had replaced it`);
  }
  for (const zone of zones) {
    if (zone.forward) continue;
    const around = certain.find(({ from, to }) => from < zone.from && zone.to < to);
    if (around) found.push(`${around.value} was still there after ${zone.value} had replaced it`);
  }
  return found;
}
