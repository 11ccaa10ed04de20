import { gzip, zstdCompress } from "node:zlib";
import type { Freshness } from "../freshness/read-barrier.ts";
import { type Checksum, checksumOf } from "../model/crc32.ts";
import type { EncodingName } from "../model/encodings.ts";
import { concatenated, type ListBody } from "../model/list-body.ts";

/** What a read knows about its moment: whether the primary confirmed it, and else how old it is. */
export interface Moment {
  readonly freshness: Freshness;
  readonly ageMs: number;
}

/**
 * Ready bytes with the headers that never change for them; shared by all requests until the bytes change. `Headers`,
 * because a Response takes a copy of them for a tenth less of a read than it makes headers of an object.
 */
export interface ReadyBody {
  readonly chunks: readonly Uint8Array[];
  readonly headers: Headers;
  readonly etag: string;
}

/** Shorter lists are one piece, joined once for all requests. */
const LONGEST_JOINED = 262_144;
/**
 * Longer answers are streamed: a slow client then holds references, not a copy of its own. And Bun takes 90 to 140 us to
 * send 60 kB of bytes that come later than the request's own turn, but 30 to 50 us as a stream; below this size bytes are
 * cheaper.
 */
const LONGEST_WHOLE = 14_336;

export function readyBody(body: ListBody, encoding: EncodingName): ReadyBody {
  const etag = etagOf(body.checksum);
  const chunks = body.length <= LONGEST_JOINED && body.chunks.length > 1 ? [concatenated(body.chunks)] : body.chunks;
  return { chunks, etag, headers: jsonHeaders(etag, encoding) };
}

export function readyBytes(json: Uint8Array): ReadyBody {
  const etag = etagOf(checksumOf(json));
  return {
    chunks: [json],
    etag,
    headers: new Headers({ "content-type": JSON_TYPE, etag, "cache-control": "no-cache" }),
  };
}

/** A body made for one request. Compressed on the thread pool, because it may be long. */
export async function madeToOrder(chunks: readonly Uint8Array[], encoding: EncodingName): Promise<ReadyBody> {
  const json = concatenated(chunks);
  const checksum = checksumOf(json);
  const bytes = encoding === "identity" ? json : await compressed(json, encoding);
  return readyBody({ chunks: [bytes], length: bytes.length, checksum }, encoding);
}

function compressed(json: Uint8Array, encoding: "gzip" | "zstd"): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, bytes: Uint8Array) => (error ? reject(error) : resolve(bytes));
    if (encoding === "gzip") gzip(json, { level: 1 }, done);
    else zstdCompress(json, done);
  });
}

export function answer(request: Request, body: ReadyBody, moment: Moment): Response {
  const matches = request.headers.get("if-none-match");
  const headers = moment.freshness === "confirmed" ? body.headers : markedStale(body.headers, moment);
  if (matches !== null && etagMatches(matches, body.etag)) return new Response(null, { status: 304, headers });
  const [only] = body.chunks;
  if (body.chunks.length === 1 && only && only.length <= LONGEST_WHOLE)
    return new Response(only as Uint8Array<ArrayBuffer>, { headers });
  return new Response(streamOf(body.chunks), { headers });
}

function markedStale(headers: Headers, moment: Moment): Headers {
  const marked = new Headers(headers);
  for (const [name, value] of Object.entries(momentHeaders(moment))) marked.set(name, value);
  return marked;
}

/** The answer to a write that was done. */
export function written(json: string): Response {
  return new Response(json, { headers: WRITTEN_HEADERS });
}

/**
 * What a client must be told of the moment of an answer, a 404 included. RFC 9111 dropped Warning, but it still says best
 * what a stale answer is; Age is what caches look at.
 */
export function momentHeaders({ freshness, ageMs }: Moment): Record<string, string> {
  if (freshness === "confirmed") return {};
  return { warning: '110 - "Response is Stale"', age: String(Math.max(0, Math.floor(ageMs / 1_000))) };
}

const JSON_TYPE = "application/json; charset=utf-8";

const WRITTEN_HEADERS = { "content-type": JSON_TYPE, "cache-control": "no-store" };

function jsonHeaders(etag: string, encoding: EncodingName): Headers {
  return new Headers({
    "content-type": JSON_TYPE,
    etag,
    "cache-control": "no-cache",
    vary: "accept-encoding",
    ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
  });
}

/** Weak, because one tag stands for all encodings; equal on every replica, because it depends on the content alone. */
function etagOf({ crc, length }: Checksum): string {
  return `W/"${crc.toString(16).padStart(8, "0")}-${length.toString(36)}"`;
}

function etagMatches(header: string, etag: string): boolean {
  return header.trim() === "*" || header.split(",").some((candidate) => weak(candidate.trim()) === weak(etag));
}

function weak(etag: string): string {
  return etag.startsWith("W/") ? etag.slice(2) : etag;
}

/** Bytes handed out at once: the short texts between blocks travel with them. */
const PORTION = 65_536;

/** Hands out a portion whenever the client has taken the one before: nothing piles up behind a slow client. */
function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      for (let bytes = 0; bytes < PORTION && next < chunks.length; next += 1) {
        const chunk = chunks[next] ?? NOTHING;
        controller.enqueue(chunk);
        bytes += chunk.length;
      }
      if (next === chunks.length) controller.close();
    },
  });
}

const NOTHING = new Uint8Array(0);
