import { Problem } from "./problem.ts";

export interface BodyOptions {
  readonly limitBytes: number;
  /** Of all bodies that are arriving, at their full length. */
  arrivingBytes: number;
  readonly arrivingLimitBytes: number;
  readonly onRefused: () => void;
  /** Called with the memory that a body and what is made of it take until the request ends. */
  readonly onGarbage: (bytes: number) => void;
}

const TOO_MANY_BODIES = "too many requests are sending their bodies: nothing was stored, send it again";
/** Its bytes and text, the parsed value, the row that is written, the statement's parameters. */
const GARBAGE_PER_BYTE = 6;

/**
 * Reads a JSON body. Throws Problem: 413, 415, 400 for what is not JSON, 499 if the client goes away. Integers beyond 2^53 become bigint, and
 * fractions that would be rounded to an integer become NaN: nothing is rounded before the schema has seen it.
 */
export async function readJson(request: Request, bodies: BodyOptions): Promise<unknown> {
  requireJson(request.headers);
  return parseJson(await readText(request, bodies));
}

let lastGoodType = "application/json";

function requireJson(headers: Headers): void {
  const contentType = headers.get("content-type") ?? "";
  // Nearly every request has the same type as the last one.
  if (contentType !== lastGoodType) {
    requireJsonType(contentType);
    lastGoodType = contentType;
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity")
    throw new Problem(415, "send the body without a Content-Encoding", { headers: { "accept-encoding": "identity" } });
}

function requireJsonType(contentType: string): void {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  const json = /^(?:application\/(?:[\w.!#$&^-]+\+)?|text\/)json$/.test(type.trim());
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (!json || !utf8)
    throw new Problem(415, "send the body as application/json in UTF-8", { headers: { accept: "application/json" } });
}

async function readText(request: Request, bodies: BodyOptions): Promise<string> {
  const { limitBytes, onGarbage } = bodies;
  const declared = request.headers.get("content-length");
  const tooLong = declared !== null && Number(declared) > limitBytes;
  const lengthBytes = tooLong ? 0 : Number(declared ?? limitBytes);
  // The runtime keeps what has arrived of each, however slowly the rest comes.
  if (bodies.arrivingBytes + lengthBytes > bodies.arrivingLimitBytes) {
    bodies.onRefused();
    throw new Problem(503, TOO_MANY_BODIES, { headers: { "retry-after": "1", connection: "close" }, quiet: true });
  }
  bodies.arrivingBytes += lengthBytes;
  let bytes: Uint8Array | undefined;
  try {
    if (!tooLong) bytes = declared === null ? await readUpTo(request, limitBytes) : await request.bytes();
    else if (closesAfterAnswer(request.headers)) await discard(request.body?.getReader());
  } catch (error) {
    // Nobody reads this answer: its status (nginx's) is for metrics, where it is no error of the service.
    if (request.signal.aborted)
      throw new Problem(499, "the client closed the connection before its request was complete");
    throw error;
  } finally {
    bodies.arrivingBytes -= lengthBytes;
  }
  if (!bytes || bytes.length > limitBytes) throw new Problem(413, `the body may have at most ${limitBytes} bytes`);
  onGarbage(GARBAGE_PER_BYTE * bytes.length);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Problem(400, "the body is not valid UTF-8");
  }
}

/** A body of unknown length; undefined if it is longer than the limit: the client is not trusted to end. */
async function readUpTo(request: Request, limitBytes: number): Promise<Uint8Array | undefined> {
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length <= limitBytes) continue;
    if (closesAfterAnswer(request.headers)) await discard(reader);
    else await reader.cancel();
    return undefined;
  }
  return Buffer.concat(chunks);
}

/** A client of HTTP/1.0 is recognized by its missing Host: the runtime does not tell the version. */
function closesAfterAnswer(headers: Headers): boolean {
  return /\bclose\b/i.test(headers.get("connection") ?? "") || !headers.has("host");
}

/**
 * How long a refused body is read on where the connection ends with the answer. If it ended with unread bytes, the kernel
 * would reset it, and a client that is still sending would not see the answer.
 */
const LINGER_MS = { total: 5_000, quiet: 500 } as const;

/** Reads on until the end, a pause of the client, or a time limit. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  const untilMs = performance.now() + LINGER_MS.total;
  let open = reader !== undefined;
  while (reader && open && performance.now() < untilMs) {
    const { promise: quiet, resolve } = Promise.withResolvers<{ done: true }>();
    const timer = setTimeout(() => resolve({ done: true }), LINGER_MS.quiet);
    const { done } = await Promise.race([reader.read(), quiet]);
    clearTimeout(timer);
    open = !done;
  }
}

function parseJson(text: string): unknown {
  try {
    // Only numbers with many digits or a small exponent can be rounded, and the reviver that sees the source costs several times as much.
    return MAY_BE_ROUNDED.test(text) ? JSON.parse(text, exactNumbers) : JSON.parse(text);
  } catch {
    throw new Problem(400, "the body is not valid JSON");
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
/** Numbers with fewer digits are exact as a double, unless they are so small that they become 0. */
const MAY_BE_ROUNDED = /\d[\d.]{15}|e-\d{3}/i;

/** The third argument is ECMAScript 2026's access to the source text of a value. */
function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  // A number whose fraction was rounded away must not pass as a whole number.
  const rounded = Number.isInteger(value) && MAY_BE_ROUNDED.test(source) && !/^-?\d+\.0+$/.test(source);
  return rounded ? Number.NaN : value;
}
