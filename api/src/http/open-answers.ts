import { type Holder, pinnedBytes } from "../memory/pinned.ts";
import { concatenated } from "../model/columns.ts";
import type { ListBody } from "../model/forms.ts";
import type { List } from "../model/list.ts";
import { type Held, Ready } from "../model/piece.ts";

/** What is given to a client at once; less while many answers are open. */
const MAX_PORTION_BYTES = 131_072;
const MIN_PORTION_BYTES = 4_096;
/** Neighbours shorter than this are sent as one: a copy costs less than a system call. */
const SHORT_BYTES = 16_384;
/** How often it is checked what open answers hold. */
const CHECK_INTERVAL_MS = 100;

interface Stream {
  readonly body: ListBody;
  readonly chunks: Chunks;
  readonly cut: () => void;
  /** Bytes of the last portion, of which the server may hold a copy until the client takes them. */
  portion: number;
}

/**
 * Sends lists in portions, each when the client has taken the last one. A slow client holds bytes that it shares with the
 * model and with others, until they are replaced there. What only open answers still need is bounded: beyond that the
 * oldest of them are cut off.
 */
export class OpenAnswers {
  readonly #streams = new Set<Stream>();
  #checkedAt = 0;
  #pinned = 0;

  constructor(
    readonly limitBytes: () => number,
    /** Lists keep the blocks of their last revision, too. */
    readonly lists: () => readonly List[],
    readonly onCut: () => void,
    /** So many bytes were made for one answer alone. */
    readonly onMade: (bytes: number) => void,
  ) {}

  /** What they hold beside what they share. */
  get bytes(): number {
    let bytes = this.#pinned;
    for (const { portion } of this.#streams) bytes += portion;
    return bytes;
  }

  stream(body: ListBody): ReadableStream<Uint8Array> {
    const [only, ...others] = body.parts;
    if (only instanceof Ready && others.length === 0 && only.chunk.length <= 1.5 * MAX_PORTION_BYTES)
      return streamOf(only.chunk);
    const chunks = new Chunks(body);
    let stream: Stream | undefined;
    const end = () => {
      if (stream) this.#streams.delete(stream);
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (!stream) {
            stream = { body, chunks, portion: 0, cut: () => controller.error() };
            this.#streams.add(stream);
          }
          stream.portion = this.#give(chunks, controller);
          if (chunks.isAtEnd) {
            end();
            controller.close();
          }
          // A client that takes all at once would else keep the others from their turns.
          if (chunks.takeMade() > 0) return new Promise((resolve) => setImmediate(resolve));
        },
        cancel: end,
      },
      // One chunk ahead: with 0, each portion costs Bun twice as much.
      { highWaterMark: 1 },
    );
  }

  /** Cuts off the oldest answers while all of them hold too much. */
  check(): void {
    if (performance.now() - this.#checkedAt < CHECK_INTERVAL_MS) return;
    this.#checkedAt = performance.now();
    const limit = this.limitBytes();
    const bodies = new Map<ListBody, Holder>();
    for (const [body, at] of this.#positions()) bodies.set(body, { held: () => heldBy(body, at) });
    const lists = this.lists();
    const ofLists = pinnedBytes([...lists, ...bodies.values()]).slice(0, lists.length);
    if (sum(pinnedBytes([...bodies.values(), ...lists])) > limit)
      for (const [index, list] of lists.entries()) if ((ofLists[index] ?? 0) > 0) list.release();
    const ofBodies = pinnedBytes([...bodies.values()]);
    let pinned = sum(ofBodies);
    for (const [index, body] of [...bodies.keys()].entries()) {
      if (pinned <= limit) break;
      pinned -= ofBodies[index] ?? 0;
      this.#cut(body);
    }
    this.#pinned = pinned;
  }

  /** How far the slowest client of each body is. */
  #positions(): Map<ListBody, number> {
    const positions = new Map<ListBody, number>();
    for (const { body, chunks } of this.#streams)
      positions.set(body, Math.min(chunks.part, positions.get(body) ?? Number.POSITIVE_INFINITY));
    return positions;
  }

  #cut(body: ListBody): void {
    for (const stream of this.#streams) {
      if (stream.body !== body) continue;
      this.#streams.delete(stream);
      stream.cut();
      this.onCut();
    }
  }

  /** Returns how many bytes it gave. */
  #give(chunks: Chunks, controller: ReadableStreamDefaultController<Uint8Array>): number {
    const portion = this.#portionBytes();
    let given = 0;
    let short: Uint8Array[] = [];
    const flush = () => {
      if (short.length > 0) controller.enqueue(short.length === 1 ? short[0] : concatenated(short));
      short = [];
    };
    while (given < portion) {
      const chunk = chunks.next(portion);
      if (!chunk) break;
      given += chunk.length;
      if (chunk.length < SHORT_BYTES) short.push(chunk);
      else {
        flush();
        controller.enqueue(chunk);
      }
    }
    flush();
    if (chunks.made > 0) this.onMade(chunks.made);
    return given;
  }

  #portionBytes(): number {
    const share = this.limitBytes() / (this.#streams.size + 1);
    return Math.round(Math.min(MAX_PORTION_BYTES, Math.max(MIN_PORTION_BYTES, share)));
  }
}

/** A stream that has ended before it is read costs Bun half of what another one does. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** The bytes of a body one after another; each part is made when it is its turn. */
class Chunks {
  readonly #parts: ListBody["parts"];
  #part = 0;
  #bytes: readonly Uint8Array[] = [];
  #at = 0;
  #offset = 0;
  #made = 0;

  constructor({ parts }: ListBody) {
    this.#parts = parts;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length && this.#part === this.#parts.length;
  }

  /** The part whose bytes are being sent, or the next one. */
  get part(): number {
    return Math.max(0, this.#part - 1);
  }

  /** Bytes that were made for this answer since `takeMade`. */
  get made(): number {
    return this.#made;
  }

  takeMade(): number {
    const made = this.#made;
    this.#made = 0;
    return made;
  }

  /** The next bytes, about `mostBytes` at most; undefined at the end. */
  next(mostBytes: number): Uint8Array | undefined {
    while (this.#at === this.#bytes.length) {
      const part = this.#parts[this.#part];
      if (!part) return undefined;
      this.#part += 1;
      this.#at = 0;
      this.#bytes = part.bytes();
      this.#made += part.made;
    }
    const chunk = this.#bytes[this.#at] ?? NOTHING;
    // A little more than asked for rather than a short rest.
    const to = chunk.length - this.#offset <= 1.5 * mostBytes ? chunk.length : this.#offset + mostBytes;
    const given = this.#offset === 0 && to === chunk.length ? chunk : chunk.subarray(this.#offset, to);
    this.#offset = to;
    if (to === chunk.length) {
      this.#at += 1;
      this.#offset = 0;
    }
    return given;
  }
}

/**
 * What a body needs from a part on. What was sent is let go once a part is replaced: then no other request gets this
 * body.
 */
function* heldBy({ parts }: ListBody, from: number): Generator<Held> {
  let isOutdated = false;
  for (let at = from; at < parts.length; at += 1) {
    for (const held of parts[at]?.held ?? []) {
      isOutdated ||= held.isReplaced;
      yield held;
    }
  }
  if (isOutdated) parts.fill(SENT, 0, from);
}

const SENT = new Ready(new Uint8Array(0));

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const NOTHING = new Uint8Array(0);
