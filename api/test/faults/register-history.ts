import { judgeRegister, type RegisterRead, type RegisterWrite } from "@goldenring/chaos/check";

/** What clients saw of one register: one row's value, which every write sets to a number that is used once. */
export class RegisterHistory {
  readonly #writes = new Map<number, RegisterWrite>();
  readonly #reads: RegisterRead[] = [];

  constructor(
    readonly name: string,
    initial: number,
  ) {
    this.#set(initial, { start: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY, acknowledged: true });
  }

  /** Call it before the request is sent. */
  writeStarted(value: number, start: number): void {
    if (this.#writes.has(value)) throw new Error(`${this.name}: ${value} is written twice`);
    this.#set(value, { start, end: Number.POSITIVE_INFINITY, acknowledged: false });
  }

  /** A write that is never acknowledged may happen at any later time, or never. */
  writeAcknowledged(value: number, end: number): void {
    const write = this.#writes.get(value);
    if (!write) throw new Error(`${this.name}: the write of ${value} has not started`);
    this.#set(value, { ...write, end, acknowledged: true });
  }

  read(value: number, start: number, end: number): void {
    this.#reads.push({ value: String(value), start, end, final: false });
  }

  /** What cannot have happened; empty for a linearizable history. */
  violations(): string[] {
    return judgeRegister(this.name, [...this.#writes.values()], this.#reads).map(({ what }) => what);
  }

  #set(value: number, write: Omit<RegisterWrite, "value">): void {
    this.#writes.set(value, { ...write, value: String(value) });
  }
}
