import { BLOCK_BYTES } from "./block.ts";
import { concatenated } from "./columns.ts";
import { type Checksum, checksumOf, combineChecksums, EMPTY_CHECKSUM } from "./crc32.ts";
import type { CacheUser, FormCache } from "./form-cache.ts";
import { GZIP_START, gzipEnd, gzipPart } from "./gzip.ts";
import { type ListEncoding, type Part, type Piece, Ready } from "./piece.ts";

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
/** Shorter lists are joined into one chunk, once for all requests. */
const MAX_JOINED_BYTES = 262_144;
/** Pieces to work on before the event loop gets a turn: about 2 ms of a full core. */
const PIECES_PER_TURN = Math.ceil(524_288 / BLOCK_BYTES);

/** What one list has ready in one encoding. A body is made once for the same pieces. */
abstract class Forms implements CacheUser {
  protected kept = 0;
  #usedAt = 0;
  #last: { readonly of: Pieces; body: ListBody | Promise<ListBody> } | undefined;
  #joined: Ready | undefined;
  #worked = 0;

  constructor(
    protected readonly cache: FormCache,
    readonly encoding: ListEncoding,
  ) {
    cache.add(this);
  }

  get heldBytes(): number {
    return this.kept + (this.#joined?.heldBytes ?? 0);
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

  drop(): void {
    this.dropKept();
    this.#setJoined(undefined);
    this.#last = undefined;
  }

  protected abstract parts(of: Pieces): Promise<Part[]>;
  protected abstract end(of: Pieces, whole: Checksum): Uint8Array;
  protected abstract dropKept(): void;

  /** Counts a piece that is worked on. */
  protected async spend(): Promise<void> {
    this.#worked += 1;
    if (this.#worked % PIECES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async #build(of: Pieces): Promise<ListBody> {
    const parts = await this.parts(of);
    let checksum = EMPTY_CHECKSUM;
    for (const piece of of.pieces) checksum = combineChecksums(checksum, piece.checksum);
    checksum = combineChecksums(checksum, checksumOf(of.end));
    parts.push(new Ready(this.end(of, checksum)));
    return { encoding: this.encoding, checksum, parts: this.#joinedIfShort(parts, checksum.length) };
  }

  #joinedIfShort(parts: Part[], length: number): Part[] {
    if (length > MAX_JOINED_BYTES || !this.cache.hasRoom(this, length)) {
      this.#setJoined(undefined);
      return parts;
    }
    const joined = new Ready(concatenated(parts.flatMap((part) => part.bytes())));
    this.#setJoined(joined);
    return [joined];
  }

  #setJoined(joined: Ready | undefined): void {
    if (this.#joined) {
      this.#joined.isReplaced = true;
      this.cache.onDropped(this.#joined.heldBytes);
    }
    this.#joined = joined;
  }
}

/** Unencoded pieces that are not the model's own bytes are kept while there is room. */
export class PlainForms extends Forms {
  #pieces: readonly Piece[] = [];

  constructor(cache: FormCache) {
    super(cache, "identity");
  }

  protected override async parts({ pieces }: Pieces): Promise<Part[]> {
    const isShort = pieces.length * BLOCK_BYTES <= MAX_JOINED_BYTES;
    const parts: Part[] = [];
    for (const piece of pieces) {
      if (!piece.text && !piece.hasChecksum) await this.spend();
      if (!isShort) this.#keep(piece);
      parts.push(piece.part("identity"));
    }
    this.#pieces = pieces;
    this.kept = pieces.reduce((sum, { text }) => sum + (text?.length ?? 0), 0);
    return parts;
  }

  protected override end({ end }: Pieces): Uint8Array {
    return end;
  }

  protected override dropKept(): void {
    for (const piece of this.#pieces) piece.text = undefined;
    this.cache.onDropped(this.kept);
    this.kept = 0;
  }

  #keep(piece: Piece): void {
    if (piece.text || !this.cache.hasRoom(this, BLOCK_BYTES)) return;
    piece.text = piece.copied();
    this.kept += piece.text?.length ?? 0;
  }
}

interface Chunk {
  readonly pieces: readonly Piece[];
  readonly ready: Ready;
}

/** Compressed pieces are kept in chunks while there is room. */
export class GzipForms extends Forms {
  #chunks: readonly Chunk[] = [];

  constructor(cache: FormCache) {
    super(cache, "gzip");
  }

  protected override async parts({ pieces }: Pieces): Promise<Part[]> {
    const parts: Part[] = [new Ready(GZIP_START)];
    const before = new Map(this.#chunks.map((chunk) => [chunk.pieces[0], chunk]));
    const chunks: Chunk[] = [];
    for (let from = 0; from < pieces.length; ) {
      const known = before.get(pieces[from] as Piece);
      const isSame = known?.pieces.every((piece, index) => piece === pieces[from + index]);
      const chunk = known && isSame ? known : await this.#newChunk(pieces, from, before);
      if (chunk) {
        chunks.push(chunk);
        parts.push(chunk.ready);
        from += chunk.pieces.length;
      } else {
        parts.push(await this.#later(pieces[from] as Piece));
        from += 1;
      }
    }
    this.#setChunks(chunks);
    return parts;
  }

  protected override end({ end }: Pieces, whole: Checksum): Uint8Array {
    return concatenated([gzipPart(end), gzipEnd(whole)]);
  }

  protected override dropKept(): void {
    for (const { pieces } of this.#chunks) for (const piece of pieces) piece.gzip = undefined;
    this.#setChunks([]);
  }

  /** Undefined without room for it. It ends where a known chunk begins, so that those behind it stay the same. */
  async #newChunk(
    pieces: readonly Piece[],
    from: number,
    known: ReadonlyMap<Piece | undefined, Chunk>,
  ): Promise<Chunk | undefined> {
    if (!this.cache.hasRoom(this, CHUNK_BYTES)) return undefined;
    const compressed: Uint8Array[] = [];
    let bytes = 0;
    // Beside known chunks it may be longer, so that it reaches the next one.
    const limit = known.size > 0 ? 1.5 * CHUNK_BYTES : CHUNK_BYTES;
    for (let at = from; at < pieces.length && bytes < limit; at += 1) {
      const piece = pieces[at] as Piece;
      if (bytes > CHUNK_BYTES / 4 && known.has(piece)) break;
      if (!piece.gzip) await this.spend();
      const part = piece.compressed();
      compressed.push(part);
      bytes += part.length;
    }
    const ready = new Ready(concatenated(compressed));
    const joined = pieces.slice(from, from + compressed.length);
    let offset = 0;
    for (const [index, piece] of joined.entries()) {
      const end = offset + (compressed[index]?.length ?? 0);
      piece.gzip = ready.chunk.subarray(offset, end);
      offset = end;
    }
    this.kept += ready.heldBytes;
    return { pieces: joined, ready };
  }

  /** A piece that is compressed when it is sent. */
  async #later(piece: Piece): Promise<Part> {
    if (!piece.hasChecksum) await this.spend();
    piece.gzip = undefined;
    return piece.part("gzip");
  }

  #setChunks(chunks: readonly Chunk[]): void {
    const kept = new Set(chunks);
    for (const chunk of this.#chunks) {
      if (kept.has(chunk)) continue;
      chunk.ready.isReplaced = true;
      this.cache.onDropped(chunk.ready.heldBytes);
    }
    this.#chunks = chunks;
    this.kept = chunks.reduce((sum, { ready }) => sum + ready.heldBytes, 0);
  }
}
