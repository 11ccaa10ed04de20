import * as z from "zod";
import { OwnService } from "../experiment/own-service.ts";
import { RunName, valueName } from "../history/values.ts";
import { recordedWrite, timedRead } from "./answers.ts";
import { type Client, itemAt, runClients } from "./clients.ts";

export const PathPlan = z.object({
  /** Its path is put before those of the requests. */
  target: OwnService.shape.target.unwrap(),
  out: z.string(),
  run: RunName,
  clients: z.int().min(1),
  intervalMs: z.number().positive(),
  deadlineMs: z.number().positive(),
  /** Longer than any round: should the engine be killed, the probe ends by itself. */
  maxSeconds: z.number().positive(),
  reads: OwnService.shape.reads,
  writes: OwnService.shape.writes,
});
type PathPlan = z.infer<typeof PathPlan>;

/** Reads given paths of any HTTP service, and writes to it; see `runClients`. */
export function probePaths(plan: PathPlan, interrupted: AbortSignal): Promise<void> {
  const { out, run, clients, intervalMs, deadlineMs, maxSeconds, reads, writes } = plan;
  const target = new URL(plan.target);
  const base = target.pathname.replace(/\/$/, "");
  const deadlines = { readDeadlineMs: deadlineMs, writeDeadlineMs: deadlineMs };
  const options = { target, out, run, durationMs: 1_000 * maxSeconds, clients, intervalMs, ...deadlines };
  return runClients(options, interrupted, async () => ({
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
  const request = {
    method,
    path: base + path.replaceAll("{value}", encodeURIComponent(value)),
    body: body.replaceAll("{value}", value),
  };
  const { end } = await recordedWrite(client, begin, request, status);
  client.journal.write(end);
}
