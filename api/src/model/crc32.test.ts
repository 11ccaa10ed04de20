import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { type Checksum, checksumOf, combineChecksums, EMPTY_CHECKSUM, extendChecksum } from "./crc32.ts";

const bytes = fc.uint8Array({ maxLength: 3_000 });
const checksum: fc.Arbitrary<Checksum> = fc.record({
  crc: fc.nat({ max: 0xffffffff }),
  length: fc.oneof(
    fc.nat({ max: 10 }),
    fc.nat({ max: 2 ** 31 - 1 }),
    fc.maxSafeNat().map((n) => n % 2 ** 40),
  ),
});

describe("a checksum", () => {
  test("of two parts, combined, is that of both together", () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const whole = Buffer.concat([one, other]);
        const expected = { crc: crc32(whole), length: whole.length };
        expect(combineChecksums(checksumOf(one), checksumOf(other))).toEqual(expected);
        expect(extendChecksum(checksumOf(one), other)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("of many parts, combined, is that of all together, also where lengths come again", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 100 }), (parts) => {
        const combined = parts.map(checksumOf).reduce(combineChecksums, EMPTY_CHECKSUM);
        const whole = Buffer.concat(parts);
        expect(combined).toEqual({ crc: crc32(whole), length: whole.length });
      }),
    );
  });

  test("of megabytes is right as well", () => {
    const part = Buffer.alloc(3_000_000, "weather ");
    const whole = Buffer.concat([part, part, part]);
    const one = checksumOf(part);
    expect(combineChecksums(combineChecksums(one, one), one)).toEqual({ crc: crc32(whole), length: whole.length });
  });

  test("does not depend on which parts are combined first, however long they are", () => {
    fc.assert(
      fc.property(checksum, checksum, checksum, (a, b, c) => {
        expect(combineChecksums(combineChecksums(a, b), c)).toEqual(combineChecksums(a, combineChecksums(b, c)));
      }),
      { numRuns: 500 },
    );
  });

  test("of nothing changes nothing", () => {
    fc.assert(
      fc.property(checksum, (any) => {
        expect(combineChecksums(any, EMPTY_CHECKSUM)).toEqual(any);
        expect(combineChecksums(EMPTY_CHECKSUM, any)).toEqual(any);
      }),
    );
  });
});
