import { setTimeout as delay } from "node:timers/promises";

const BETWEEN_MS = 100;

export interface Row {
  readonly name: string;
  readonly sentAt: number;
  /** Infinity until it is acknowledged. */
  ackedAt: number;
}

/** Adds cities one after the other, and reads one after the other, until it is stopped. */
export class Load {
  /** Of the rows of this run: those of earlier ones may still be there. */
  readonly prefix = `restore-${Date.now()}-`;
  readonly rows: Row[] = [];
  readonly failures: string[] = [];
  longestWriteMs = 0;
  longestReadMs = 0;
  reads = 0;
  private isRunning = true;
  private readonly ended: Promise<unknown>;

  constructor(private readonly api: string) {
    this.ended = Promise.all([this.repeat((number) => this.write(number)), this.repeat(() => this.read())]);
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.ended;
  }

  /** Names of this run's cities, as the service reads them. */
  async names(): Promise<Set<string>> {
    const answer = await fetch(`${this.api}/Cities`);
    const cities = (await answer.json()) as { name: string }[];
    return new Set(cities.map(({ name }) => name).filter((name) => name.startsWith(this.prefix)));
  }

  private async repeat(work: (number: number) => Promise<void>): Promise<void> {
    for (let number = 0; this.isRunning; number++) {
      await work(number).catch((error) => this.failures.push(`${new Date().toISOString()} ${error}`));
      await delay(BETWEEN_MS);
    }
  }

  private async write(number: number): Promise<void> {
    const row = { name: `${this.prefix}${number}`, sentAt: Date.now(), ackedAt: Number.POSITIVE_INFINITY };
    this.rows.push(row);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.api}/Cities`, {
      method: "POST",
      body: JSON.stringify({ name: row.name }),
      headers,
    });
    this.longestWriteMs = Math.max(this.longestWriteMs, Date.now() - row.sentAt);
    if (!answer.ok) throw new Error(`write: ${answer.status} ${await answer.text()}`);
    row.ackedAt = Date.now();
  }

  private async read(): Promise<void> {
    const sentAt = Date.now();
    const answer = await fetch(`${this.api}/Cities/1`);
    this.longestReadMs = Math.max(this.longestReadMs, Date.now() - sentAt);
    this.reads += 1;
    if (answer.status >= 500) throw new Error(`read: ${answer.status}`);
  }
}
