import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { createGunzip, createZstdDecompress, gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { Block, endsOf } from "./block.ts";
import { checksumOf, combineChecksums, EMPTY_CHECKSUM } from "./crc32.ts";
import { ENCODINGS } from "./encodings.ts";

setDefaultTimeout(60_000);

const DECODERS = {
  gzip: { whole: gunzipSync, stream: createGunzip },
  zstd: { whole: zstdDecompressSync, stream: createZstdDecompress },
} as const;

/** A piece of an answer: a short text, or the JSON of a block. */
interface Piece {
  readonly kind: "text" | "block";
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function blockOf(bytes: Uint8Array<ArrayBuffer>): Block {
  return Block.of({
    ids: Float64Array.of(1),
    times: BigInt64Array.of(0n),
    ends: endsOf([bytes.length]),
    json: bytes,
  });
}

function composed(name: "identity" | "gzip" | "zstd", pieces: readonly Piece[]): Buffer {
  const encoding = ENCODINGS[name];
  const whole = pieces.map(({ bytes }) => checksumOf(bytes)).reduce(combineChecksums, EMPTY_CHECKSUM);
  return Buffer.concat([
    encoding.start(),
    ...pieces.map(({ kind, bytes }) => (kind === "text" ? encoding.text(bytes) : encoding.block(blockOf(bytes)))),
    encoding.end(whole),
  ]);
}

const json = fc.json().map((text) => new TextEncoder().encode(text));
const noise = fc.integer({ min: 1, max: 300_000 }).map((length) => new Uint8Array(randomBytes(length)));
const repeated = fc.tuple(json, fc.integer({ min: 1, max: 2_000 })).map(([bytes, times]) => {
  const copies = new Uint8Array(Math.min(times * bytes.length, 1_000_000));
  for (let at = 0; at < copies.length; at += bytes.length) copies.set(bytes.subarray(0, copies.length - at), at);
  return copies;
});
const piece: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("text" as const), bytes: json }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("block" as const), bytes: json }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("text" as const, "block" as const), bytes: noise }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("text" as const, "block" as const), bytes: repeated }) },
);

describe.each(["gzip", "zstd"] as const)("an answer in %s", (name) => {
  test("that is put together from parts decodes to the parts one after another", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
        const decoded = DECODERS[name].whole(composed(name, pieces));
        expect(decoded.equals(Buffer.concat(pieces.map(({ bytes }) => bytes)))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("is decoded as it arrives, in chunks that are cut anywhere", async () => {
    const chunks = fc.integer({ min: 1, max: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 4 }), chunks, async (pieces, chunks) => {
        const bytes = composed(name, pieces);
        const size = Math.ceil(bytes.length / chunks);
        const decoder = DECODERS[name].stream();
        const decoded = buffer(decoder);
        for (let at = 0; at < bytes.length; at += size) decoder.write(bytes.subarray(at, at + size));
        decoder.end();
        expect((await decoded).equals(Buffer.concat(pieces.map(({ bytes }) => bytes)))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test("takes texts of every length, those at which the form of a part changes included", () => {
    const lengths = [
      0, 1, 2, 254, 255, 256, 257, 511, 512, 65_534, 65_535, 65_536, 65_537, 65_791, 65_792, 131_071, 200_000,
    ];
    for (const length of lengths) {
      const bytes = new Uint8Array(randomBytes(length));
      const around = { kind: "text", bytes: new TextEncoder().encode("|") } as const;
      const pieces: Piece[] = [around, { kind: "text", bytes }, around];
      expect(DECODERS[name].whole(composed(name, pieces)).equals(composed("identity", pieces))).toBe(true);
    }
  });

  test("keeps a block's part, and uses it again", () => {
    const block = blockOf(new TextEncoder().encode('{"a":1}'));
    const part = ENCODINGS[name].block(block);
    expect(ENCODINGS[name].block(block)).toBe(part);
    const elsewhere = new Uint8Array(part);
    ENCODINGS[name].keep(block, elsewhere);
    expect(ENCODINGS[name].block(block)).toBe(elsewhere);
  });
});

test("a damaged gzip answer is noticed by its checksum", () => {
  const pieces: Piece[] = [{ kind: "text", bytes: new TextEncoder().encode("weather") }];
  const bytes = composed("gzip", pieces);
  const at = bytes.indexOf("weather");
  expect(at).toBeGreaterThan(0);
  bytes[at] = "W".charCodeAt(0);
  expect(() => gunzipSync(bytes)).toThrow();
});
