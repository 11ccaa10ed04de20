export type EncodingName = "identity" | "gzip" | "zstd";

/** In order of preference where a client likes several the same: zstd is smaller and cheaper than gzip. */
const OF_FILES: readonly EncodingName[] = ["zstd", "gzip"];
/** Many clients decode only the first frame of an answer in zstd, and a list made of parts would be many frames. */
const OF_LISTS: readonly EncodingName[] = ["gzip"];

/** The encoding of a file, by Accept-Encoding (RFC 9110, 12.5.3). Identity where nothing else is accepted. */
export function negotiateEncoding(header: string | null): EncodingName {
  return negotiated(header, OF_FILES, decisionsOnFiles);
}

/** The same for a list. */
export function negotiateListEncoding(header: string | null): "identity" | "gzip" {
  return negotiated(header, OF_LISTS, decisionsOnLists) === "gzip" ? "gzip" : "identity";
}

function negotiated(
  header: string | null,
  offered: readonly EncodingName[],
  decisions: Map<string, EncodingName>,
): EncodingName {
  if (!header) return "identity";
  const known = decisions.get(header);
  if (known) return known;
  const decision = decide(header.toLowerCase(), offered);
  if (decisions.size < 100) decisions.set(header, decision);
  return decision;
}

/** Clients send few different headers. */
const decisionsOnFiles = new Map<string, EncodingName>();
const decisionsOnLists = new Map<string, EncodingName>();

function decide(header: string, offered: readonly EncodingName[]): EncodingName {
  const weights = new Map<string, number>();
  for (const entry of header.split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  const weightOf = (name: string): number =>
    weights.get(name) ?? (name === "identity" ? 0.001 : (weights.get("*") ?? 0));
  let best: EncodingName = "identity";
  for (const candidate of offered) {
    if (weightOf(candidate) > 0 && weightOf(candidate) > weightOf(best)) best = candidate;
  }
  return best;
}
