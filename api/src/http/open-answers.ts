import { setImmediate as nextTurn } from "node:timers/promises";
import type { ListBody } from "../model/forms.ts";
import type { List } from "../model/list.ts";
import { type Held, Ready } from "../model/piece.ts";

/** What is given to a client at once; less while many answers are open. */
const MAX_PORTION_BYTES = 131_072;
const MIN_PORTION_BYTES = 4_096;
/** Bun collects bytes below this size, and copies what is written behind them. */
const COLLECTED_BYTES = 16_384;
/** What was made takes a turn of the event loop after this many parts at the latest. */
const MADE_PARTS_PER_TURN = 16;
/** How often it is checked what open answers hold. */
const CHECK_INTERVAL_MS = 100;

/** An answer under way. */
interface Open {
  readonly body: ListBody;
  readonly sink: ReadableStreamDirectController;
  /** The part whose bytes are being sent. */
  part: number;
  /** Bytes of the last portion, of which the server may hold a copy until the client takes them. */
  portion: number;
  /** Bytes of the part that were made for this answer alone. */
  made: number;
}

/** Holds parts of the model or of lists, some of which nothing else may need any more. */
interface Holder {
  held(): Iterable<Held>;
  release(): void;
}

/**
 * Sends lists in portions, each when the client has taken the last one. A slow client holds bytes that it shares with the
 * model and with others, until they are replaced there. What only open answers still need is bounded: beyond that the
 * oldest of them are cut off.
 */
export class OpenAnswers {
  readonly #open = new Set<Open>();
  #checkedAt = 0;
  #pinned = 0;

  constructor(
    /** Lists keep the blocks of their last revision, too. */
    readonly lists: readonly List[],
    readonly limitBytes: () => number,
    readonly onCut: () => void,
    /** So many bytes were made for one answer alone. */
    readonly onMade: (bytes: number) => void,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** What they hold beside what they share. */
  get bytes(): number {
    let bytes = this.#pinned;
    for (const { portion, made } of this.#open) bytes += portion + made;
    return bytes;
  }

  stream(body: ListBody): ReadableStream<Uint8Array> {
    const [only, ...others] = body.parts;
    if (only instanceof Ready && others.length === 0 && only.chunk.length <= 1.5 * MAX_PORTION_BYTES)
      return streamOf(only.chunk);
    let open: Open | undefined;
    // Bun's own kind of stream: only there can collected bytes be sent before a long chunk would be copied behind them.
    const source: Bun.DirectUnderlyingSource<Uint8Array> = {
      type: "direct",
      pull: (sink) => {
        open = { body, sink, part: 0, portion: 0, made: 0 };
        this.#open.add(open);
        return this.#send(open);
      },
      cancel: () => {
        if (open) this.#open.delete(open);
      },
    };
    return new ReadableStream(source as unknown as UnderlyingSource<Uint8Array>);
  }

  async #send(open: Open): Promise<void> {
    const { sink, body } = open;
    let isTurnDue = false;
    let madeParts = 0;
    for (; open.part < body.parts.length; open.part += 1) {
      const { chunks = [], madeBytes = 0 } = body.parts[open.part]?.bytes() ?? {};
      open.made = madeBytes;
      if (madeBytes > 0) {
        this.onMade(madeBytes);
        isTurnDue = true;
        madeParts += 1;
        // Of parts that give little, many make a portion.
        if (madeParts % MADE_PARTS_PER_TURN === 0) await nextTurn();
        if (!this.#open.has(open)) return;
      }
      for (const chunk of chunks) {
        for (let from = 0; from < chunk.length; ) {
          const portionBytes = this.#portionBytes();
          // A little more than a portion rather than a short rest.
          const to = chunk.length - from <= 1.5 * portionBytes ? chunk.length : from + portionBytes;
          if (to - from >= COLLECTED_BYTES) sink.flush();
          sink.write(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to));
          open.portion += to - from;
          from = to;
          if (open.portion < portionBytes) continue;
          await sink.flush(true);
          // A client that takes all at once would else keep the others from their turns.
          if (isTurnDue) await nextTurn();
          if (!this.#open.has(open)) return;
          open.portion = 0;
          isTurnDue = false;
        }
      }
    }
    this.#open.delete(open);
    sink.end();
  }

  /** Gives up what only lists and open answers need while that is too much: first of lists, then of the oldest answers. */
  check(): void {
    if (performance.now() - this.#checkedAt < CHECK_INTERVAL_MS) return;
    this.#checkedAt = performance.now();
    const limit = this.limitBytes();
    const holders: readonly Holder[] = [...this.lists, ...this.#bodies()];
    const pinned = pinnedBytes(holders);
    let total = sum(pinned);
    for (const [index, holder] of holders.entries()) {
      if (total <= limit || pinned[index] === 0) continue;
      total -= pinned[index] ?? 0;
      pinned[index] = 0;
      holder.release();
    }
    this.#pinned = sum(pinned.slice(this.lists.length));
  }

  /** The bodies of open answers, from the part on that the slowest client of each is at. */
  #bodies(): Holder[] {
    const parts = new Map<ListBody, number>();
    for (const { body, part } of this.#open) parts.set(body, Math.min(part, parts.get(body) ?? part));
    return Array.from(parts, ([body, part]) => ({ held: () => heldBy(body, part), release: () => this.#cut(body) }));
  }

  #cut(body: ListBody): void {
    for (const open of this.#open) {
      if (open.body !== body) continue;
      this.#open.delete(open);
      open.sink.close(new Error("the client takes the answer too slowly"));
      this.onCut();
    }
  }

  #portionBytes(): number {
    const share = this.limitBytes() / (this.#open.size + 1);
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

/**
 * What a body needs from a part on. What was sent is let go once a part is replaced: then no other request gets this
 * body.
 */
function* heldBy({ parts }: ListBody, from: number): Generator<Held> {
  let isOutdated = false;
  for (const part of parts.slice(from)) {
    for (const held of part.held) {
      isOutdated ||= held.isReplaced;
      yield held;
    }
  }
  if (isOutdated) parts.fill(SENT, 0, from);
}

const SENT = new Ready(new Uint8Array(0));

/** What each holder keeps alive, in bytes, that neither the model, the cache nor a later holder needs. */
function pinnedBytes(holders: readonly Holder[]): number[] {
  const seen = new Set<Held>();
  const pinned = holders.toReversed().map((holder) => {
    let bytes = 0;
    for (const held of holder.held()) {
      if (!held.isReplaced || seen.has(held)) continue;
      seen.add(held);
      bytes += held.heldBytes;
    }
    return bytes;
  });
  return pinned.toReversed();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
