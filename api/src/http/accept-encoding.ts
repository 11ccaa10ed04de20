export type EncodingName = "identity" | "gzip" | "zstd";

/**
 * The encoding of a file, by Accept-Encoding (RFC 9110, 12.5.3). Identity where nothing else is accepted. Where a client
 * likes several the same, zstd: it is smaller and cheaper than gzip.
 */
export const negotiateEncoding = negotiator<"zstd" | "gzip">(["zstd", "gzip"]);

/** The same for a list. Many clients decode only the first frame of an answer in zstd, and a list would be many frames. */
export const negotiateListEncoding = negotiator<"gzip">(["gzip"]);

/** @param offered in order of preference */
function negotiator<Name extends EncodingName>(offered: readonly Name[]): (header: string | null) => Name | "identity" {
  /** Clients send few different headers. */
  const decisions = new Map<string, Name | "identity">();
  return (header) => {
    if (!header) return "identity";
    const known = decisions.get(header);
    if (known) return known;
    const decision = decide(header.toLowerCase(), offered);
    if (decisions.size < 100) decisions.set(header, decision);
    return decision;
  };
}

function decide<Name extends EncodingName>(header: string, offered: readonly Name[]): Name | "identity" {
  const weights = new Map<string, number>();
  for (const entry of header.split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  const weightOf = (name: string): number =>
    weights.get(name) ?? (name === "identity" ? 0.001 : (weights.get("*") ?? 0));
  let best: Name | "identity" = "identity";
  for (const candidate of offered) {
    if (weightOf(candidate) > 0 && weightOf(candidate) > weightOf(best)) best = candidate;
  }
  return best;
}
