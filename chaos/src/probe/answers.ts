import { parseJson } from "@goldenring/stand";
import { z } from "zod";
import { monotonicMs } from "../clock.ts";
import type { Begin, End, Read } from "../history/entries.ts";
import type { Exchange, HttpRequest } from "../http/connection.ts";
import type { Client } from "./clients.ts";

/** What the probe looks at in the bodies of the Weather API; more may be in them. */
export const ValueBody = z.object({
  id: z.int(),
  cityId: z.int(),
  dateTime: z.int(),
  temperature: z.int(),
  summary: z.string().nullable(),
});
export const CityBody = z.object({ id: z.int(), name: z.string() });
export const WeatherBody = z.array(CityBody.extend({ forecast: z.array(z.unknown()) }));

type ListedValue = Pick<z.infer<typeof ValueBody>, "cityId" | "dateTime" | "summary">;

/** By hand: lists have a hundred of them, and a probe is to take little of the computer that it shares with what it probes. */
export function isListedValue(item: unknown): item is ListedValue {
  if (typeof item !== "object" || item === null) return false;
  const { cityId, dateTime, summary } = item as Partial<Record<keyof ListedValue, unknown>>;
  return (
    Number.isSafeInteger(cityId) && Number.isSafeInteger(dateTime) && (summary === null || typeof summary === "string")
  );
}

/** Undefined where the body is not of the form. */
export function bodyAs<T>(form: z.ZodType<T>, body: Buffer): T | undefined {
  return form.safeParse(parseJson(body.toString())).data;
}

/** Reads once; the entry lacks only its outcome. */
export async function timedRead(client: Client, asked: Pick<Read, "kind" | "key" | "from">, path: string) {
  const { number, options } = client;
  const op = client.nextOperation();
  const start = monotonicMs();
  const exchange = await client.reads.request({ method: "GET", path, deadlineMs: options.readDeadlineMs });
  const end = monotonicMs();
  return { exchange, entry: { e: "read" as const, op, client: number, ...asked, start, end, ...marks(exchange) } };
}

/** Writes once, and records the beginning; the end is for the caller to record. @param accepted statuses of an acknowledgement */
export async function recordedWrite(
  client: Client,
  begin: Omit<Begin, "e" | "op" | "client" | "at">,
  request: Pick<HttpRequest, "method" | "path" | "body">,
  accepted: readonly number[],
): Promise<{ readonly exchange: Exchange; readonly end: End }> {
  const { number, options, journal } = client;
  const op = client.nextOperation();
  journal.write({ e: "begin", op, client: number, ...begin, at: monotonicMs() });
  const exchange = await client.writes.request({ ...request, deadlineMs: options.writeDeadlineMs });
  const outcome = outcomeOf(exchange, accepted);
  return { exchange, end: { e: "end", op, at: monotonicMs(), outcome, ...marks(exchange) } };
}

/** What every entry says about an exchange. `stale` stands where the answer says that it is not confirmed. */
function marks(exchange: Exchange): { status?: number; stale?: number; by?: string; error?: string } {
  if (!exchange.answered) return { error: exchange.error };
  const { status, headers } = exchange;
  const by = headers.get("x-served-by");
  const stale = headers.get("warning")?.startsWith("110");
  return { status, ...(stale ? { stale: Number(headers.get("age") ?? 0) } : {}), ...(by === null ? {} : { by }) };
}

/**
 * Of a write. Only what certainly did nothing has failed: a request that was never sent, or one that the service refused. 408 is no refusal by the
 * service: proxies answer it when their own deadline has passed.
 */
function outcomeOf(exchange: Exchange, accepted: readonly number[]): End["outcome"] {
  if (!exchange.answered) return exchange.sent ? "unknown" : "failed";
  if (accepted.includes(exchange.status)) return "ok";
  return exchange.status >= 400 && exchange.status < 500 && exchange.status !== 408 ? "failed" : "unknown";
}
