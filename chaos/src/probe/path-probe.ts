import { valueName } from "../history/values.ts";
import { recordedWrite, timedRead } from "./answers.ts";
import { type Client, itemAt, runClients } from "./clients.ts";
import type { PathPlan } from "./plan.ts";

/** See `runClients`. */
export function probePaths(plan: PathPlan, interrupted: AbortSignal): Promise<void> {
  const { target, reads, writes } = plan;
  const base = target.pathname.replace(/\/$/, "");
  return runClients(plan, interrupted, async () => ({
    read: (client, slot) => read(client, itemAt(reads, slot + client.number), base),
    write:
      writes.length === 0 ? undefined : (client, slot) => write(client, itemAt(writes, slot + client.number), base),
  }));
}

async function read(client: Client, { path, status }: PathPlan["reads"][number], base: string): Promise<void> {
  const { exchange, entry } = await timedRead(client, { kind: "path", key: path }, `${base}${path}`);
  const isOk = exchange.answered && status.includes(exchange.status);
  client.journal.write({ ...entry, outcome: isOk ? "ok" : "failed" });
}

async function write(client: Client, expected: PathPlan["writes"][number], base: string): Promise<void> {
  const { method, path, body, status } = expected;
  const value = valueName(client.options.run, client.number, client.nextValue());
  const begin = { kind: "add", key: path, value, dateTime: Date.now(), temperature: 0 } as const;
  const to = base + path.replaceAll("{value}", encodeURIComponent(value));
  const request = { method, path: to, body: body.replaceAll("{value}", value) };
  const { end } = await recordedWrite(client, begin, request, status);
  client.journal.write(end);
}
