import type { Block } from "./block.ts";
import { type Checksum, checksumOf, combineChecksums, EMPTY_CHECKSUM } from "./crc32.ts";
import { ENCODINGS, type Encoding, type EncodingName } from "./encodings.ts";
import type { City, CityBlocks, ReadModel } from "./read-model.ts";

/** An answer as ready bytes in chunks; the chunks may be shared with other answers and must not be written to. */
export interface ListBody {
  readonly chunks: readonly Uint8Array[];
  readonly length: number;
  /** Of the unencoded bytes: says whether two answers are the same. */
  readonly checksum: Checksum;
}

/** The text of a city in a list up to its values; the values and `]}` follow. */
export type CityShape = (city: City) => string;

/** `{"city":{...},"forecast":[` of GET /Forecast. */
export const FORECAST_SHAPE: CityShape = (city) => `{"city":${decoder.decode(city.json)},"forecast":[`;
/** `{"id":1,"name":"...","forecast":[` of GET /WeatherForecast. */
export const WEATHER_SHAPE: CityShape = (city) => `${decoder.decode(city.json).slice(0, -1)},"forecast":[`;

/** About 80 kB compressed, so that one change copies little and an answer has few chunks. */
const BLOCKS_PER_CHUNK = 16;
/** Blocks to encode before the event loop gets a turn: about 2 ms of a full core. */
const BLOCKS_PER_TURN = 16;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const COMMA = encoder.encode(",");

type Piece = { readonly text: Uint8Array; readonly checksum: Checksum } | { readonly block: Block };

/**
 * Builds one list answer in one encoding whenever the model has changed, and reuses what is unchanged: blocks keep their
 * encoded bytes, and a chunk is kept as long as its pieces are the same.
 */
export class ListBuilder {
  #before: { readonly pieces: readonly Piece[]; readonly chunk: Uint8Array }[] = [];
  readonly #texts = new WeakMap<City, Map<string, Piece>>();

  constructor(
    readonly shape: CityShape,
    readonly encoding: Encoding,
  ) {}

  /** Gives the event loop a turn in between if there is much to encode. */
  async build(cities: readonly CityBlocks[]): Promise<ListBody> {
    const pieces = this.#piecesOf(cities);
    const checksum = pieces.reduce(
      (sum, piece) => combineChecksums(sum, "block" in piece ? piece.block.checksum : piece.checksum),
      EMPTY_CHECKSUM,
    );
    const chunks = [this.encoding.start()];
    if (this.encoding.joinsBlocks) await this.#joinIntoChunks(pieces, chunks);
    else for (const piece of pieces) chunks.push("block" in piece ? this.encoding.block(piece.block) : piece.text);
    chunks.push(this.encoding.end(checksum));
    const filled = chunks.filter((chunk) => chunk.length > 0);
    return { chunks: filled, length: filled.reduce((sum, chunk) => sum + chunk.length, 0), checksum };
  }

  async #joinIntoChunks(pieces: readonly Piece[], chunks: Uint8Array[]): Promise<void> {
    const joined: { pieces: readonly Piece[]; chunk: Uint8Array }[] = [];
    let encodedThisTurn = 0;
    for (const group of grouped(pieces)) {
      const before = this.#before[joined.length];
      const reusable = before && samePieces(before.pieces, group) ? before : undefined;
      if (!reusable) {
        encodedThisTurn += group.length;
        if (encodedThisTurn > 2 * BLOCKS_PER_TURN) {
          encodedThisTurn = 0;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const done = reusable ?? { pieces: group, chunk: this.#encode(group) };
      joined.push(done);
      chunks.push(done.chunk);
    }
    this.#before = joined;
  }

  #encode(pieces: readonly Piece[]): Uint8Array {
    const parts = pieces.map((piece) =>
      "block" in piece ? this.encoding.block(piece.block) : this.encoding.text(piece.text),
    );
    const chunk = concatenated(parts);
    let offset = 0;
    for (const [index, part] of parts.entries()) {
      const piece = pieces[index];
      if (piece && "block" in piece) this.encoding.keep(piece.block, chunk.subarray(offset, offset + part.length));
      offset += part.length;
    }
    return chunk;
  }

  #piecesOf(cities: readonly CityBlocks[]): Piece[] {
    if (cities.length === 0) return [textPiece("[]")];
    const pieces: Piece[] = [];
    for (const [index, { city, blocks }] of cities.entries()) {
      pieces.push(this.#opening(city, index === 0 ? "[" : "]},"));
      for (const [at, block] of blocks.entries()) {
        if (at > 0) pieces.push(COMMA_PIECE);
        pieces.push({ block });
      }
    }
    pieces.push(END_PIECE);
    return pieces;
  }

  #opening(city: City, before: string): Piece {
    let texts = this.#texts.get(city);
    if (!texts) {
      texts = new Map();
      this.#texts.set(city, texts);
    }
    let piece = texts.get(before);
    if (!piece) {
      piece = textPiece(before + this.shape(city));
      texts.set(before, piece);
    }
    return piece;
  }
}

/** The answers of one list endpoint: each encoding is built at most once per revision of the model, when it is needed. */
export class ListCache {
  readonly #shape: CityShape;
  readonly #slots = new Map<
    EncodingName,
    { builder: ListBuilder; model?: ReadModel; revision?: number; body?: Promise<ListBody> }
  >();

  constructor(shape: CityShape) {
    this.#shape = shape;
  }

  body(model: ReadModel, encoding: EncodingName): Promise<ListBody> {
    let slot = this.#slots.get(encoding);
    if (!slot) {
      slot = { builder: new ListBuilder(this.#shape, ENCODINGS[encoding]) };
      this.#slots.set(encoding, slot);
    }
    if (slot.body && slot.model === model && slot.revision === model.revision) return slot.body;
    slot.model = model;
    slot.revision = model.revision;
    slot.body = slot.builder.build(model.snapshot());
    return slot.body;
  }
}

const COMMA_PIECE: Piece = { text: COMMA, checksum: checksumOf(COMMA) };
const END_PIECE: Piece = textPiece("]}]");

function textPiece(text: string): Piece {
  const bytes = encoder.encode(text);
  return { text: bytes, checksum: checksumOf(bytes) };
}

function* grouped(pieces: readonly Piece[]): Generator<readonly Piece[]> {
  let from = 0;
  let blocks = 0;
  for (const [index, piece] of pieces.entries()) {
    if ("block" in piece) blocks += 1;
    if (blocks === BLOCKS_PER_CHUNK || index - from === 4 * BLOCKS_PER_CHUNK || index === pieces.length - 1) {
      yield pieces.slice(from, index + 1);
      from = index + 1;
      blocks = 0;
    }
  }
}

function samePieces(a: readonly Piece[], b: readonly Piece[]): boolean {
  return a.length === b.length && a.every((piece, index) => samePiece(piece, b[index]));
}

function samePiece(a: Piece, b: Piece | undefined): boolean {
  if (a === b) return true;
  return b !== undefined && "block" in a && "block" in b && a.block === b.block;
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
