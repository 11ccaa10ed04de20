import { parseJson } from "@goldenring/stand";
import type { z } from "zod";
import { monotonicMs } from "../clock.ts";
import type { Begin, End, Read } from "../history/entries.ts";
import type { Exchange, HttpRequest } from "../http/connection.ts";
import type { ServiceRequest } from "../service/service.ts";
import { type Variables, valuesAt } from "../service/template.ts";
import type { Client } from "./clients.ts";

type Answered = Extract<Exchange, { readonly answered: true }>;

/** Undefined where the body is not of the form. */
export function bodyAs<T>(form: z.ZodType<T>, body: Buffer): T | undefined {
  return form.safeParse(parseJson(body.toString())).data;
}

/** An answer, and what is at a place of it: in its JSON, or in a header. */
export function answerOf({ headers, body }: Answered) {
  const text = body.toString();
  const json = parseJson(text);
  return {
    text,
    json,
    at(place: string): unknown[] {
      if (!place.startsWith("header:")) return valuesAt(json, place);
      const value = headers.get(place.slice("header:".length));
      if (value === null) return [];
      if (place === "header:link") return /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(value)?.slice(1) ?? [];
      return value.split("?")[0]?.split("/").filter(Boolean).slice(-1) ?? [];
    },
  };
}

/**
 * The values of a run in a body, however it shows them. In JSON a value counts once for each element of a list that has it, so that a thing whose
 * name and address both have the value is one thing; in other texts nothing is counted.
 */
export function valuesIn({ json, text }: Pick<ReturnType<typeof answerOf>, "json" | "text">, run: string) {
  const pattern = new RegExp(`${run}:\\d+:\\d+`, "g");
  if (json === undefined) return { values: new Set(text.match(pattern) ?? []), twice: [] };
  const holders = new Map<string, string[]>();
  let elements = 0;
  const walk = (node: unknown, holder: string): void => {
    if (typeof node === "string") {
      for (const value of node.includes(run) ? (node.match(pattern) ?? []) : []) {
        const all = holders.get(value);
        if (all) all.push(holder);
        else holders.set(value, [holder]);
      }
    } else if (Array.isArray(node)) for (const each of node) walk(each, `${holder}/${elements++}`);
    else if (typeof node === "object" && node !== null) for (const each of Object.values(node)) walk(each, holder);
  };
  walk(json, "");
  const isTwice = (all: readonly string[]): boolean => {
    const different = [...new Set(all)];
    // An element within one that has the value itself belongs to it.
    return different.filter((one) => !different.some((other) => one.startsWith(`${other}/`))).length > 1;
  };
  const twice = [...holders].filter(([, all]) => all.length > 1 && isTwice(all)).map(([value]) => value);
  return { values: new Set(holders.keys()), twice };
}

/** How many things the list of an answer shows: the elements of the first array that is not inside another one. */
export function lengthOf(json: unknown): number | undefined {
  for (let level: unknown[] = [json]; level.length > 0; ) {
    const list = level.find((node) => Array.isArray(node));
    if (list) return list.length;
    level = level.flatMap((node) => (typeof node === "object" && node !== null ? Object.values(node) : []));
  }
  return undefined;
}

/** Reads once; the entry lacks only its outcome. */
export async function timedRead(
  client: Client,
  asked: Pick<Read, "kind" | "key" | "path" | "from">,
  request: ServiceRequest,
  variables: Variables,
) {
  const { number, options } = client;
  const op = client.nextOperation();
  const start = monotonicMs();
  const exchange = await client.reads.send("GET", request, variables, options.readDeadlineMs);
  const end = monotonicMs();
  return { exchange, entry: { e: "read" as const, op, client: number, ...asked, start, end, ...marks(exchange) } };
}

/** Writes once, and records the beginning; the end is for the caller to record. @param accepted statuses of an acknowledgement */
export async function recordedWrite(
  client: Client,
  begin: Omit<Begin, "e" | "op" | "client" | "at">,
  request: ServiceRequest & Pick<HttpRequest, "method">,
  variables: Variables,
  accepted: readonly number[],
): Promise<{ readonly exchange: Exchange; readonly end: End }> {
  const { number, options, journal } = client;
  const op = client.nextOperation();
  journal.write({ e: "begin", op, client: number, ...begin, at: monotonicMs() });
  const exchange = await client.writes.send(request.method, request, variables, options.writeDeadlineMs);
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
