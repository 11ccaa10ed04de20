import { crc32 } from "node:zlib";

/** The CRC-32 of gzip (RFC 1952). The checksum of a long answer can be combined from those of its parts. */
const POLYNOMIAL = 0xedb88320;

export interface Checksum {
  readonly crc: number;
  /** Number of bytes that it covers. */
  readonly length: number;
}

export const EMPTY_CHECKSUM: Checksum = { crc: 0, length: 0 };

export function checksumOf(bytes: Uint8Array): Checksum {
  return { crc: crc32(bytes), length: bytes.length };
}

/** The checksum of `first` after more bytes were appended. */
export function extendChecksum(first: Checksum, appended: Uint8Array): Checksum {
  return { crc: crc32(appended, first.crc), length: first.length + appended.length };
}

/**
 * The checksum of the bytes of `first` followed by those of `second`, without the bytes: crc(AB) is crc(A) shifted by the
 * length of B in GF(2)[x] modulo the polynomial, plus crc(B). After zlib's crc32_combine.
 */
export function combineChecksums(first: Checksum, second: Checksum): Checksum {
  return {
    crc: (multiply(shiftBy(second.length), first.crc) ^ second.crc) >>> 0,
    length: first.length + second.length,
  };
}

/** x^(2^n) for n = 0 to 31. */
const SQUARES: readonly number[] = (() => {
  const squares = [1 << 30];
  for (let n = 1; n < 32; n += 1) {
    const previous = squares[n - 1] ?? 0;
    squares.push(multiply(previous, previous));
  }
  return squares;
})();

/** Operators of recent lengths: answers are made of the same blocks again and again. */
const shifts = new Map<number, number>();
const MAX_SHIFTS = 4_096;

/** x^(8 * bytes) modulo the polynomial. */
function shiftBy(bytes: number): number {
  const known = shifts.get(bytes);
  if (known !== undefined) return known;
  let power = 1 << 31;
  let exponent = 3; // 8 bits a byte
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2), exponent += 1) {
    if (rest % 2 === 1) power = multiply(SQUARES[exponent & 31] ?? 0, power);
  }
  if (shifts.size >= MAX_SHIFTS) shifts.clear();
  shifts.set(bytes, power);
  return power;
}

/** a * b modulo the polynomial, in the reflected bit order of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let mask = 1 << 31; mask !== 0; mask >>>= 1) {
    if (a & mask) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product;
}
