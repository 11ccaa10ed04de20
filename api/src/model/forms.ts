import { setImmediate as nextTurn } from "node:timers/promises";
import { BLOCK_BYTES } from "./block.ts";
import { concatenated } from "./columns.ts";
import { type Checksum, checksumOf, combineChecksums, EMPTY_CHECKSUM } from "./crc32.ts";
import type { CacheUser, FormCache } from "./form-cache.ts";
import { GZIP_START, gzipEnd, gzipPart } from "./gzip.ts";
import { joined, type ListEncoding, type Part, type Piece, Ready } from "./piece.ts";

/** A list as it is answered in one encoding. */
export interface ListBody {
  readonly encoding: ListEncoding;
  readonly parts: Part[];
  /** Of the unencoded bytes: tells whether two answers are the same. */
  readonly checksum: Checksum;
}

/** The pieces of a list at one moment, and its last bytes. */
export interface Pieces {
  readonly pieces: readonly Piece[];
  readonly end: Uint8Array;
}

/** Compressed pieces are joined into chunks of about this size: each chunk costs a system call, and a change copies one. */
const CHUNK_BYTES = 131_072;
/** Shorter lists are joined into one part, once for all requests. */
const MAX_JOINED_BYTES = 262_144;
/** Pieces to work on before the event loop gets a turn: about 2 ms of a full core. */
const PIECES_PER_TURN = Math.ceil(524_288 / BLOCK_BYTES);

/** Encoded bytes of neighbours that are kept. */
interface Chunk {
  readonly pieces: readonly Piece[];
  readonly ready: Ready;
}

type KnownChunks = ReadonlyMap<Piece | undefined, Chunk>;

/**
 * What one list has ready in one encoding. A body is made once for the same pieces. While there is room, compressed pieces
 * are kept, and unencoded ones that are not the model's own bytes.
 */
export class Forms implements CacheUser {
  #usedAt = 0;
  #last: { readonly of: Pieces; body: ListBody | Promise<ListBody> } | undefined;
  #joined: Ready | undefined;
  #chunks: readonly Chunk[] = [];
  #chunkBytes = 0;
  #isBuilding = false;
  #worked = 0;

  constructor(
    readonly cache: FormCache,
    readonly encoding: ListEncoding,
  ) {
    cache.add(this);
  }

  get heldBytes(): number {
    return this.#chunkBytes + (this.#joined?.heldBytes ?? 0);
  }

  get usedAt(): number {
    return this.#usedAt;
  }

  /** At once if it is ready. Bodies are made one at a time, so that each finds what was made for the one before. */
  body(of: Pieces): ListBody | Promise<ListBody> {
    this.#usedAt = performance.now();
    if (this.#last?.of === of) return this.#last.body;
    const before = this.#last?.body;
    const body = before instanceof Promise ? before.then(() => this.#build(of)) : this.#build(of);
    const last: { readonly of: Pieces; body: ListBody | Promise<ListBody> } = { of, body };
    this.#last = last;
    body.then(
      (made) => {
        last.body = made;
      },
      () => {},
    );
    return body;
  }

  /** While a body is made it holds its chunks, so they go on being counted and are dropped later. */
  drop(): void {
    if (this.#isBuilding) return;
    for (const { pieces } of this.#chunks) for (const piece of pieces) piece.gzip = undefined;
    this.#setChunks([]);
    this.#setJoined(undefined);
    this.#last = undefined;
  }

  async #build(of: Pieces): Promise<ListBody> {
    this.#isBuilding = true;
    const parts = await this.#parts(of.pieces).finally(() => {
      this.#isBuilding = false;
      this.#usedAt = performance.now();
    });
    let checksum = EMPTY_CHECKSUM;
    for (const piece of of.pieces) checksum = combineChecksums(checksum, piece.checksum);
    checksum = combineChecksums(checksum, checksumOf(of.end));
    const whole = wholeList(this.encoding, parts, of.end, checksum);
    const isJoined = checksum.length <= MAX_JOINED_BYTES && this.cache.hasRoom(this, checksum.length);
    this.#setJoined(isJoined ? joined(whole) : undefined);
    return { encoding: this.encoding, checksum, parts: this.#joined ? [this.#joined] : whole };
  }

  async #parts(pieces: readonly Piece[]): Promise<Part[]> {
    const known: KnownChunks = new Map(this.#chunks.map((chunk) => [chunk.pieces[0], chunk]));
    const parts: Part[] = [];
    const chunks: Chunk[] = [];
    for (let from = 0; from < pieces.length; ) {
      const piece = pieces[from] as Piece;
      if (!piece.hasChecksum) await this.#spend();
      const before = known.get(piece);
      const isSame = before?.pieces.every((each, index) => each === pieces[from + index]);
      const chunk = before && isSame ? before : await this.#newChunk(pieces, from, known);
      if (chunk) chunks.push(chunk);
      else if (this.encoding === "gzip") piece.gzip = undefined;
      parts.push(chunk?.ready ?? piece.part(this.encoding));
      from += chunk?.pieces.length ?? 1;
    }
    this.#setChunks(chunks);
    return parts;
  }

  /** Undefined without room for it, and where nothing is to be kept. */
  async #newChunk(pieces: readonly Piece[], from: number, known: KnownChunks): Promise<Chunk | undefined> {
    const isGzip = this.encoding === "gzip";
    // A short list is kept as a whole.
    if (!isGzip && pieces.length * BLOCK_BYTES <= MAX_JOINED_BYTES) return undefined;
    if (!this.cache.hasRoom(this, isGzip ? CHUNK_BYTES : BLOCK_BYTES)) return undefined;
    const chunk = isGzip ? await this.#gzipChunk(pieces, from, known) : plainChunk(pieces[from] as Piece);
    this.#chunkBytes += chunk?.ready.heldBytes ?? 0;
    return chunk;
  }

  /** It ends where a known chunk begins, so that those behind it stay the same. */
  async #gzipChunk(pieces: readonly Piece[], from: number, known: KnownChunks): Promise<Chunk> {
    const compressed: Uint8Array[] = [];
    let bytes = 0;
    // Beside known chunks it may be longer, so that it reaches the next one.
    const limit = known.size > 0 ? 1.5 * CHUNK_BYTES : CHUNK_BYTES;
    for (let at = from; at < pieces.length && bytes < limit; at += 1) {
      const piece = pieces[at] as Piece;
      if (bytes > CHUNK_BYTES / 4 && known.has(piece)) break;
      if (!piece.gzip) await this.#spend();
      const { chunks, madeBytes } = piece.compressed();
      for (const part of chunks) {
        compressed.push(part);
        bytes += part.length;
      }
      this.cache.onGarbage(madeBytes);
    }
    const ready = new Ready(concatenated(compressed));
    const joinedPieces = pieces.slice(from, from + compressed.length);
    let offset = 0;
    for (const [index, piece] of joinedPieces.entries()) {
      const end = offset + (compressed[index]?.length ?? 0);
      piece.gzip = ready.chunk.subarray(offset, end);
      offset = end;
    }
    return { pieces: joinedPieces, ready };
  }

  #setChunks(chunks: readonly Chunk[]): void {
    const kept = new Set(chunks);
    for (const chunk of this.#chunks) if (!kept.has(chunk)) this.#replaced(chunk.ready);
    this.#chunks = chunks;
    this.#chunkBytes = chunks.reduce((sum, { ready }) => sum + ready.heldBytes, 0);
  }

  #setJoined(ready: Ready | undefined): void {
    if (this.#joined) this.#replaced(this.#joined);
    this.#joined = ready;
  }

  #replaced(ready: Ready): void {
    ready.isReplaced = true;
    this.cache.onGarbage(ready.heldBytes);
  }

  /** Counts a piece that is worked on. */
  async #spend(): Promise<void> {
    this.#worked += 1;
    if (this.#worked % PIECES_PER_TURN === 0) await nextTurn();
  }
}

/** Undefined if the bytes are the model's own. */
function plainChunk(piece: Piece): Chunk | undefined {
  const {
    chunks: [made],
    madeBytes,
  } = piece.rendered();
  return made && madeBytes > 0 ? { pieces: [piece], ready: new Ready(made) } : undefined;
}

/** The parts of a list with what an encoding puts around them. */
export function wholeList(encoding: ListEncoding, parts: readonly Part[], end: Uint8Array, checksum: Checksum): Part[] {
  if (encoding === "identity") return [...parts, new Ready(end)];
  return [new Ready(GZIP_START), ...parts, new Ready(concatenated([gzipPart(end), gzipEnd(checksum)]))];
}
