import * as z from "zod";
import type { HttpAnswer } from "../computer/http-request.ts";
import { PrometheusError } from "./server.ts";

/** Around every answer of Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview */
const Envelope = z.discriminatedUnion("status", [
  z.object({ status: z.literal("success"), data: z.unknown() }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

/**
 * What Prometheus answered, out of its envelope.
 *
 * @throws {PrometheusError} (refused) with its own message, (unreadable)
 */
export function dataOf<Shape extends z.ZodType>({ status, text }: HttpAnswer, shape: Shape): z.output<Shape> {
  const envelope = Envelope.safeParse(parseJson(text));
  if (!envelope.success) throw unreadable(status, text);
  if (envelope.data.status === "error") {
    throw new PrometheusError("refused", `${envelope.data.errorType}: ${envelope.data.error}`);
  }
  return read(envelope.data.data, shape);
}

/**
 * What Alertmanager answered: the value as it is, or a JSON text that says what was wrong.
 *
 * @throws {PrometheusError} (refused) with its own message, (unreadable)
 */
export function bareValueOf<Shape extends z.ZodType>({ status, text }: HttpAnswer, shape: Shape): z.output<Shape> {
  const value = parseJson(text);
  if (status === 200) return read(value, shape);
  if (typeof value === "string") throw new PrometheusError("refused", value);
  throw unreadable(status, text);
}

function read<Shape extends z.ZodType>(value: unknown, shape: Shape): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PrometheusError("unreadable", `an answer of another form: ${z.prettifyError(parsed.error)}`);
}

/** Undefined stands for a text that is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(status: number, text: string): PrometheusError {
  return new PrometheusError("unreadable", `answers ${status} ${text.trim().slice(0, 120)}`.trim());
}
