import { setImmediate as nextTurn } from "node:timers/promises";
import { BLOCK_BYTES, type Block, MAX_BLOCK_BYTES } from "./block.ts";
import { concatenated } from "./columns.ts";
import { EMPTY_CHECKSUM, extendChecksum } from "./crc32.ts";
import type { FormCache } from "./form-cache.ts";
import { Forms, type ListBody, type Pieces, wholeList } from "./forms.ts";
import { gzipPart } from "./gzip.ts";
import { type Held, joined, type ListEncoding, type Part, Piece, Ready } from "./piece.ts";
import type { ReadModel } from "./read-model.ts";
import {
  type CityShape,
  COMMA,
  ending,
  joint,
  OPEN_LIST,
  type Place,
  placeAfter,
  type Rendered,
  render,
  renderCities,
  renderSelected,
  type Selection,
  START,
} from "./render.ts";

/** A narrowed list of at most this length is kept until it is sent; a longer one is made again, part by part. */
const MAX_SHORT_BYTES = 65_536;
/** Of a part of a narrowed list, beside its block (measured: 100). */
const SELECTED_BYTES = 128;
/** Blocks to look through before the event loop gets a turn. */
const BLOCKS_PER_TURN = 16;

const encoder = new TextEncoder();

/** One list. Each encoding is made at most once for a revision of the model, and what is unchanged is used again. */
export class List {
  readonly #forms: Readonly<Record<ListEncoding, Forms>>;
  #last: { readonly model: ReadModel; readonly revision: number; readonly pieces: Pieces } | undefined;

  private constructor(
    cache: FormCache,
    readonly piecesOf: (model: ReadModel) => Pieces,
    /** Changes when the list does. */
    readonly revisionOf: (model: ReadModel) => number,
    /** Of lists of values, which can be narrowed. */
    readonly shape?: CityShape,
  ) {
    this.#forms = { identity: new Forms(cache, "identity"), gzip: new Forms(cache, "gzip") };
  }

  static ofCities(cache: FormCache): List {
    const known = new WeakMap<object, CityPiece>();
    return new List(
      cache,
      ({ blocks }) => cityPieces(blocks, known),
      ({ citiesRevision }) => citiesRevision,
    );
  }

  static ofForecasts(cache: FormCache, shape: CityShape): List {
    const known = new WeakMap<Block, Piece>();
    return new List(
      cache,
      ({ blocks }) => forecastPieces(blocks, shape, known),
      ({ revision }) => revision,
      shape,
    );
  }

  /** At once if it is ready. */
  body(model: ReadModel, encoding: ListEncoding): ListBody | Promise<ListBody> {
    const revision = this.revisionOf(model);
    if (this.#last?.model !== model || this.#last.revision !== revision)
      this.#last = { model, revision, pieces: this.piecesOf(model) };
    return this.#forms[encoding].body(this.#last.pieces);
  }

  /** What it keeps in memory of the model, at its last revision that was asked for. */
  *held(): Generator<Held> {
    for (const { blocks } of this.#last?.pieces.pieces ?? []) yield* blocks;
  }

  release(): void {
    this.#last = undefined;
    this.#forms.identity.drop();
    this.#forms.gzip.drop();
  }
}

/** A piece for each block. It is the same one as before while the block and what stands before it are the same. */
function forecastPieces(blocks: readonly Block[], shape: CityShape, known: WeakMap<Block, Piece>): Pieces {
  let place = START;
  const pieces = blocks.map((block) => {
    const before = known.get(block);
    const start = joint(block, place);
    const from = place;
    place = placeAfter(block, place);
    if (before?.start === start) return before;
    const piece = new Piece([block], start, (_, bufferOf) => render(block, from, shape, bufferOf));
    known.set(block, piece);
    return piece;
  });
  return { pieces, end: ending(place) };
}

interface CityPiece {
  /** `ofCities` of its blocks. */
  readonly cities: readonly object[];
  readonly piece: Piece;
}

/** A piece for as many blocks as have about BLOCK_BYTES of cities. */
function cityPieces(blocks: readonly Block[], known: WeakMap<object, CityPiece>): Pieces {
  const pieces: Piece[] = [];
  let group: Block[] = [];
  let bytes = 0;
  const endGroup = () => {
    if (group.length > 0) pieces.push(cityPiece(group, pieces.length === 0, known));
    group = [];
    bytes = 0;
  };
  for (const block of blocks) {
    if (block.ofCities.entries === 0) continue;
    if (bytes + block.ofCities.bytes > MAX_BLOCK_BYTES) endGroup();
    group.push(block);
    bytes += block.ofCities.bytes;
    if (bytes >= BLOCK_BYTES) endGroup();
  }
  endGroup();
  return { pieces, end: encoder.encode(pieces.length === 0 ? "[]" : "]") };
}

function cityPiece(blocks: readonly Block[], isFirst: boolean, known: WeakMap<object, CityPiece>): Piece {
  const cities = blocks.map(({ ofCities }) => ofCities);
  const [first = blocks] = cities;
  const start = isFirst ? OPEN_LIST : COMMA;
  const before = known.get(first);
  const isSame = before?.cities.length === cities.length && cities.every((own, at) => own === before.cities[at]);
  if (isSame && before.piece.start === start) {
    before.piece.blocks = blocks;
    return before.piece;
  }
  const piece = new Piece(blocks, start, (blocks, bufferOf) => renderCities(blocks, start, bufferOf));
  known.set(first, { cities, piece });
  return piece;
}

/** The blocks that a narrowed list is looked for in. */
function selectedBlocks(model: ReadModel, { cityId }: Selection): readonly Block[] {
  return cityId === undefined ? model.blocks : model.blocksOf(cityId);
}

/** Whether a narrowed list takes more than one turn of the event loop. */
export function isLong(model: ReadModel, selection: Selection): boolean {
  return selectedBlocks(model, selection).length > BLOCKS_PER_TURN;
}

/** The selected entries of a block. They are made again when they are sent: only for them it takes memory of its own. */
class Selected implements Part, Held {
  readonly heldBytes = SELECTED_BYTES;
  readonly isReplaced = true;

  constructor(
    readonly block: Block,
    readonly from: Place,
    readonly shape: CityShape,
    readonly selection: Selection,
    readonly encoding: ListEncoding,
  ) {}

  get held(): readonly Held[] {
    return [this.block, this];
  }

  bytes(): Rendered {
    const { chunk } = renderSelected(this.block, this.from, this.shape, this.selection);
    const made = this.encoding === "gzip" ? gzipPart(chunk) : chunk.slice();
    return { chunks: [made], madeBytes: made.length };
  }
}

/** A list that is narrowed for one request: made twice, for its checksum and when it is sent, and kept only if it is short. */
export async function selectedBody(
  model: ReadModel,
  shape: CityShape,
  selection: Selection,
  encoding: ListEncoding,
): Promise<ListBody> {
  let place = START;
  let checksum = EMPTY_CHECKSUM;
  let short: Uint8Array[] = [];
  const parts: Part[] = [];
  for (const [index, block] of selectedBlocks(model, selection).entries()) {
    if (index % BLOCKS_PER_TURN === BLOCKS_PER_TURN - 1) await nextTurn();
    const from = place;
    const selected = renderSelected(block, from, shape, selection);
    place = selected.place;
    if (selected.chunk.length === 0) continue;
    checksum = extendChecksum(checksum, selected.chunk);
    if (checksum.length <= MAX_SHORT_BYTES) short.push(selected.chunk.slice());
    else short = [];
    parts.push(new Selected(block, from, shape, selection, encoding));
  }
  const end = ending(place);
  const whole = extendChecksum(checksum, end);
  if (whole.length > MAX_SHORT_BYTES)
    return { encoding, checksum: whole, parts: wholeList(encoding, parts, end, whole) };
  const json = concatenated(short);
  const ready = new Ready(encoding === "gzip" ? gzipPart(json) : json);
  return { encoding, checksum: whole, parts: [joined(wholeList(encoding, [ready], end, whole))] };
}
