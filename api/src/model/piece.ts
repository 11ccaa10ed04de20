import type { Block } from "./block.ts";
import { concatenated } from "./columns.ts";
import { type Checksum, EMPTY_CHECKSUM, extendChecksum } from "./crc32.ts";
import { gzipPart } from "./gzip.ts";
import { type BufferOf, newBuffer, type Rendered, scratchBuffer } from "./render.ts";

export type ListEncoding = "identity" | "gzip";

/** Memory that an answer needs until it is sent. */
export interface Held {
  readonly heldBytes: number;
  /** True once nothing but answers that are being sent needs it. */
  readonly isReplaced: boolean;
}

/** A part of an answer: ready bytes, or bytes that are made when they are sent. */
export interface Part {
  readonly held: readonly Held[];
  bytes(): Rendered;
}

/** Ready bytes. */
export class Ready implements Part, Held {
  isReplaced = false;

  constructor(readonly chunk: Uint8Array) {}

  get heldBytes(): number {
    return this.chunk.length;
  }

  get held(): readonly Held[] {
    return [this];
  }

  bytes(): Rendered {
    return { chunks: [this.chunk], madeBytes: 0 };
  }
}

/** The parts as one. */
export function joined(parts: readonly Part[]): Ready {
  return new Ready(concatenated(parts.flatMap((part) => part.bytes().chunks)));
}

/** A run of a list, of one block or of a few. Its bytes are made when they are needed. */
export class Piece {
  /** Its part of the list in gzip, if the cache keeps it. */
  gzip: Uint8Array | undefined;
  #checksum: Checksum | undefined;

  /**
   * @param blocks may be replaced by others that give the same bytes, so that it does not keep old blocks in memory
   * @param start its first bytes, which depend on the blocks before it
   */
  constructor(
    public blocks: readonly Block[],
    readonly start: Uint8Array,
    readonly render: (blocks: readonly Block[], bufferOf: BufferOf) => Rendered,
  ) {}

  get checksum(): Checksum {
    this.#checksum ??= checksumOfAll(this.render(this.blocks, scratchBuffer));
    return this.#checksum;
  }

  get hasChecksum(): boolean {
    return this.#checksum !== undefined;
  }

  rendered(): Rendered {
    return this.render(this.blocks, newBuffer);
  }

  /** Makes the checksum, too: both need the same bytes. */
  compressed(): Rendered {
    if (this.gzip) return { chunks: [this.gzip], madeBytes: 0 };
    const rendered = this.render(this.blocks, scratchBuffer);
    this.#checksum ??= checksumOfAll(rendered);
    const [first, ...others] = rendered.chunks;
    const whole = first && others.length === 0 ? first : concatenated(rendered.chunks);
    const gzip = gzipPart(whole);
    return { chunks: [gzip], madeBytes: gzip.length + (whole === first ? 0 : whole.length) };
  }

  /** It, encoded when it is sent. */
  part(encoding: ListEncoding): Part {
    return { held: this.blocks, bytes: () => (encoding === "gzip" ? this.compressed() : this.rendered()) };
  }
}

function checksumOfAll({ chunks }: Rendered): Checksum {
  return chunks.reduce(extendChecksum, EMPTY_CHECKSUM);
}
