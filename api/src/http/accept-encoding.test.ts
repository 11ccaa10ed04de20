import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type EncodingName, negotiateEncoding, negotiateListEncoding } from "./accept-encoding.ts";

setDefaultTimeout(60_000);

const NAMES = ["zstd", "gzip", "identity", "br", "deflate", "*", "x-unknown"] as const;

interface Entry {
  readonly name: (typeof NAMES)[number];
  /** Thousandths. */
  readonly weight: number | undefined;
}

/** A weight as RFC 9110 writes it: at most three decimals. */
function written({ name, weight }: Entry): string {
  return weight === undefined ? name : `${name};q=${(weight / 1_000).toString()}`;
}

/** The rule of the RFC: the acceptable one with the greatest weight; identity is always acceptable, with weight 0 unless named. */
function expected(entries: readonly Entry[], offered: readonly EncodingName[]): EncodingName {
  const weightOf = (name: string): number | undefined =>
    entries.filter((entry) => entry.name === name).map(({ weight = 1_000 }) => weight)[0];
  const offers = offered
    .map((name) => ({ name, weight: weightOf(name) ?? weightOf("*") ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  const [best] = offers;
  return best && best.weight > (weightOf("identity") ?? 0) ? best.name : "identity";
}

test("the encoding with the greatest weight is chosen, zstd before gzip for files and never for lists", () => {
  const entry = fc.record({
    name: fc.constantFrom(...NAMES),
    weight: fc.option(fc.oneof(fc.constantFrom(0, 1_000), fc.integer({ min: 0, max: 1_000 })), { nil: undefined }),
  });
  const entries = fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: NAMES.length });
  fc.assert(
    fc.property(entries, fc.constantFrom(",", ", ", " ,\t"), (entries, comma) => {
      // An identity that weighs one thousandth is what an unnamed one counts as; nobody sends it.
      fc.pre(!entries.some(({ name, weight }) => name === "identity" && weight === 1));
      fc.pre(!entries.some(({ weight }) => weight === 1));
      const header = entries.map(written).join(comma);
      expect(negotiateEncoding(header)).toBe(expected(entries, ["zstd", "gzip"]));
      expect(negotiateListEncoding(header) as EncodingName).toBe(expected(entries, ["gzip"]));
    }),
    { numRuns: 2_000 },
  );
});

test("any header chooses one of the three encodings, and the same one each time", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[gziptd;q=0-9., *]*$/)), (header) => {
      const chosen = negotiateEncoding(header);
      expect(["identity", "gzip", "zstd"]).toContain(chosen);
      expect(negotiateEncoding(header)).toBe(chosen);
    }),
  );
  expect(negotiateEncoding(null)).toBe("identity");
});
