import { constants, deflateRawSync } from "node:zlib";
import type { Checksum } from "./crc32.ts";

/**
 * One gzip member (RFC 1952) whose deflate stream is a sequence of parts. Each part ends with a sync flush, so it fills
 * whole bytes and refers to nothing before it: a change to one block re-encodes the part of that block alone.
 */
export const GZIP_START: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** Level 3: on this JSON level 6 is 7 % smaller at half the speed (docs/api.md has the table). */
export function gzipPart(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { level: 3, finishFlush: constants.Z_SYNC_FLUSH });
}

export function gzipEnd({ crc, length }: Checksum): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(10));
  trailer.setUint16(0, 0x0300); // an empty last block of the fixed kind
  trailer.setUint32(2, crc, true);
  trailer.setUint32(6, length >>> 0, true);
  return new Uint8Array(trailer.buffer);
}
