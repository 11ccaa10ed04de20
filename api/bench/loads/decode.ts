import { gunzipSync } from "node:zlib";
import type { SampledAnswer } from "../measure.ts";

export type Encoding = "identity" | "gzip";

/** The JSON value of an answer. Throws if it isn't encoded as it was asked for, or isn't JSON. */
export function decodeJson(sample: SampledAnswer, expected: Encoding): unknown {
  if (sample.contentEncoding !== expected) {
    throw new Error(`encoded as ${sample.contentEncoding}, asked for ${expected}`);
  }
  const body = expected === "gzip" ? gunzipSync(sample.body) : sample.body;
  return JSON.parse(body.toString("utf8"));
}

/** Turns what a check throws into the problem it says. */
export function problemIn(check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
