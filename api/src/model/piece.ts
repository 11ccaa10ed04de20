import type { Block } from "./block.ts";
import { concatenated } from "./columns.ts";
import { type Checksum, EMPTY_CHECKSUM, extendChecksum } from "./crc32.ts";
import { gzipPart } from "./gzip.ts";

export type ListEncoding = "identity" | "gzip";

/** Memory that an answer needs until it is sent. */
export interface Held {
  readonly heldBytes: number;
  /** True once nothing but answers that are being sent needs it. */
  readonly isReplaced: boolean;
}

/** A part of an answer: ready bytes, or bytes that are made when they are sent. They must not be written to. */
export interface Part {
  readonly held: readonly Held[];
  bytes(): readonly Uint8Array[];
  /** How many bytes the last call of `bytes` made. */
  readonly made: number;
}

/** Ready bytes. */
export class Ready implements Part, Held {
  isReplaced = false;
  readonly made = 0;

  constructor(readonly chunk: Uint8Array) {}

  get heldBytes(): number {
    return this.chunk.length;
  }

  get held(): readonly Held[] {
    return [this];
  }

  bytes(): readonly Uint8Array[] {
    return [this.chunk];
  }
}

/** A run of a list, of one block or of a few. Its bytes are made when they are needed; the cache may keep some. */
export class Piece {
  /** The unencoded bytes, if they are not the model's own and the cache keeps them. */
  text: Uint8Array | undefined;
  /** Its part of the list in gzip, if the cache keeps it. */
  gzip: Uint8Array | undefined;
  #checksum: Checksum | undefined;
  #made = 0;

  /**
   * @param blocks may be replaced by others that give the same bytes, so that it does not keep old blocks in memory
   * @param start its first bytes, which depend on the blocks before it
   * @param render its unencoded bytes
   */
  constructor(
    public blocks: readonly Block[],
    readonly start: Uint8Array,
    readonly render: (blocks: readonly Block[]) => readonly Uint8Array[],
  ) {}

  get checksum(): Checksum {
    this.#checksum ??= checksumOfAll(this.rendered());
    return this.#checksum;
  }

  get hasChecksum(): boolean {
    return this.#checksum !== undefined;
  }

  /** The unencoded bytes if they are a copy; undefined if they are the model's own. */
  copied(): Uint8Array | undefined {
    const [only] = this.rendered();
    return this.#made > 0 ? only : undefined;
  }

  rendered(): readonly Uint8Array[] {
    this.#made = 0;
    if (this.text) return [this.text];
    const parts = this.render(this.blocks);
    const [only, ...others] = parts;
    if (only && others.length === 0 && only.buffer !== this.blocks[0]?.json.buffer) this.#made = only.length;
    return parts;
  }

  /** Makes the checksum, too: both need the same bytes. */
  compressed(): Uint8Array {
    this.#made = 0;
    if (this.gzip) return this.gzip;
    const parts = this.rendered();
    this.#checksum ??= checksumOfAll(parts);
    const [only = new Uint8Array(0)] = parts;
    const whole = parts.length === 1 ? only : concatenated(parts);
    const gzip = gzipPart(whole);
    this.#made += gzip.length + (whole === only ? 0 : whole.length);
    return gzip;
  }

  /** It, encoded when it is sent. */
  part(encoding: ListEncoding): Part {
    const made = () => this.#made;
    return {
      held: this.blocks,
      bytes: () => (encoding === "gzip" ? [this.compressed()] : this.rendered()),
      get made() {
        return made();
      },
    };
  }
}

function checksumOfAll(parts: readonly Uint8Array[]): Checksum {
  return parts.reduce(extendChecksum, EMPTY_CHECKSUM);
}
