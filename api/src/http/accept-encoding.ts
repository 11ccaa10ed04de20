import type { EncodingName } from "../model/encodings.ts";

/** In order of preference: zstd is smaller and cheaper than gzip. */
const OFFERED: readonly EncodingName[] = ["zstd", "gzip"];

/** The encoding to answer in, by Accept-Encoding (RFC 9110, 12.5.3). Identity where nothing else is accepted. */
export function negotiateEncoding(header: string | null): EncodingName {
  if (!header) return "identity";
  const known = decisions.get(header);
  if (known) return known;
  const decision = decide(header.toLowerCase());
  if (decisions.size < 100) decisions.set(header, decision);
  return decision;
}

/** Clients send few different headers. */
const decisions = new Map<string, EncodingName>();

function decide(header: string): EncodingName {
  const weights = new Map<string, number>();
  for (const entry of header.split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  const weightOf = (name: string): number =>
    weights.get(name) ?? (name === "identity" ? 0.001 : (weights.get("*") ?? 0));
  let best: EncodingName = "identity";
  for (const candidate of OFFERED) {
    if (weightOf(candidate) > 0 && weightOf(candidate) > weightOf(best)) best = candidate;
  }
  return best;
}
