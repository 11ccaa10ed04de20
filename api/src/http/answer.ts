import { gzip, zstdCompress } from "node:zlib";
import type { Freshness } from "../freshness/read-barrier.ts";
import { type Checksum, checksumOf } from "../model/crc32.ts";
import type { EncodingName } from "../model/encodings.ts";
import { concatenated, type ListBody } from "../model/list-body.ts";
import type { ReadModel } from "../model/read-model.ts";

/** Whether the primary confirmed what a read saw, and otherwise how old that is. */
export interface Moment {
  readonly freshness: Freshness;
  readonly ageMs: number;
}

/**
 * Ready bytes with the headers that never change for them; shared by all requests until the bytes change. `Headers`,
 * because copying them into a Response costs a tenth of a read less than making headers from an object.
 */
export interface ReadyBody {
  readonly chunks: readonly Uint8Array[];
  readonly headers: Headers;
  readonly etag: string;
}

/** Shorter lists are joined into one chunk, once for all requests. */
const MAX_JOINED_BYTES = 262_144;
/**
 * Longer answers are streamed: a slow client then holds references to shared bytes instead of a copy. Streaming is also
 * faster: for an answer that is not ready at once, Bun takes 90 to 140 us to send 60 kB as bytes, but 30 to 50 us as a
 * stream. Below this size bytes are cheaper.
 */
const MAX_UNSTREAMED_BYTES = 14_336;

export function readyBody(body: ListBody, encoding: EncodingName): ReadyBody {
  const etag = etagOf(body.checksum);
  const chunks = body.length <= MAX_JOINED_BYTES && body.chunks.length > 1 ? [concatenated(body.chunks)] : body.chunks;
  return { chunks, etag, headers: jsonHeaders(etag, encoding) };
}

/** One row. Its tag is strong, because it has no other encodings: so a change can name it in If-Match. */
export function readyBytes(json: Uint8Array): ReadyBody {
  const etag = opaque(etagOf(checksumOf(json)));
  return {
    chunks: [json],
    etag,
    headers: new Headers({ "content-type": JSON_TYPE, etag, "cache-control": "no-cache" }),
  };
}

/** A body for one request. It may be long, so it is compressed on the thread pool. */
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
  if (body.chunks.length === 1 && only && only.length <= MAX_UNSTREAMED_BYTES)
    return new Response(only as Uint8Array<ArrayBuffer>, { headers });
  return new Response(streamOf(body.chunks), { headers });
}

function markedStale(headers: Headers, moment: Moment): Headers {
  const marked = new Headers(headers);
  for (const [name, value] of Object.entries(momentHeaders(moment))) marked.set(name, value);
  return marked;
}

/** The answer to an acknowledged write. */
export function written(json: string): Response {
  return new Response(json, { headers: WRITTEN_HEADERS });
}

/** The answer to an acknowledged change, with the tag that GET gives, for the next change. */
export function changed(json: string): Response {
  const etag = opaque(etagOf(checksumOf(Buffer.from(json))));
  return new Response(json, { headers: { ...WRITTEN_HEADERS, etag } });
}

/** Marks an answer as stale, a 404 too. RFC 9111 dropped Warning, but it still describes a stale answer best; caches read Age. */
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

/** Weak, because all encodings share one tag. Equal on every replica, because it depends on the content alone. */
function etagOf({ crc, length }: Checksum): string {
  return `W/"${crc.toString(16).padStart(8, "0")}-${length.toString(36)}"`;
}

/** Whether If-None-Match lists the tag. It compares weakly (RFC 9110, section 13.1.2). */
export function etagMatches(header: string, etag: string): boolean {
  return header.trim() === "*" || header.split(",").some((candidate) => opaque(candidate.trim()) === opaque(etag));
}

/**
 * What If-Match demands of a row, as a condition on its body; undefined without the header. It compares strongly
 * (RFC 9110, section 13.1.1): a weak tag matches nothing.
 */
export function ifMatch(
  request: Request,
  bodyOf: (model: ReadModel) => ReadyBody | undefined,
): ((model: ReadModel | undefined) => boolean) | undefined {
  const header = request.headers.get("if-match")?.trim();
  if (header === undefined) return undefined;
  return (model) => {
    const body = model && bodyOf(model);
    return body !== undefined && (header === "*" || header.split(",").some((tag) => tag.trim() === body.etag));
  };
}

/** The tag without its mark of weakness: a strong one. */
function opaque(etag: string): string {
  return etag.startsWith("W/") ? etag.slice(2) : etag;
}

/** Bytes sent at once; the short texts between blocks are sent with the blocks. */
const PORTION_BYTES = 65_536;

/** Sends a portion whenever the client has taken the last one, so that nothing piles up behind a slow client. */
function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      for (let bytes = 0; bytes < PORTION_BYTES && next < chunks.length; next += 1) {
        const chunk = chunks[next] ?? NOTHING;
        controller.enqueue(chunk);
        bytes += chunk.length;
      }
      if (next === chunks.length) controller.close();
    },
  });
}

const NOTHING = new Uint8Array(0);
