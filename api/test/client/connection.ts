import { connect, type Socket } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** One HTTP/1.1 answer as it came over the wire. */
export class Answer {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    /** Without chunk frames, still in its Content-Encoding. */
    readonly bytes: Buffer,
  ) {}

  header(name: string): string | null {
    return this.headers.get(name);
  }

  /** The body decoded by its Content-Encoding; throws on what is no UTF-8. */
  get text(): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.decoded);
  }

  get decoded(): Buffer {
    const encoding = this.headers.get("content-encoding") ?? "identity";
    if (encoding === "identity") return this.bytes;
    if (encoding === "gzip") return gunzipSync(this.bytes);
    if (encoding === "zstd") return zstdDecompressSync(this.bytes);
    throw new Error(`unexpected Content-Encoding: ${encoding}`);
  }

  json<T = unknown>(): T {
    return JSON.parse(this.text) as T;
  }
}

/** The server ended the connection before an answer was complete. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
}

/**
 * A connection that sends exactly the bytes it is given, right or wrong, and reads whole answers. `fetch` cannot be used for
 * these tests: it repairs paths, refuses headers and decodes bodies.
 */
export class WireConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    // A reset shows as the end as well: what the server had to say came before it.
    socket.on("error", end);
    socket.on("close", end);
  }

  static open(url: string): Promise<WireConnection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new WireConnection(socket));
      });
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Reads nothing more until `read` is called, as a slow client does. */
  pause(): void {
    this.#socket.pause();
  }

  read(): void {
    this.#socket.resume();
  }

  /** Closes it at once, whatever is under way. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * The next answer. Throws ConnectionClosed, or an Error when it does not come within `deadlineMs`.
   * @param toHead whether it answers a HEAD request, which has no body whatever its headers say
   */
  async answer({ toHead = false, deadlineMs = 10_000 } = {}): Promise<Answer> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const parsed = parseAnswer(this.#received, this.#ended, toHead);
      if (parsed) {
        this.#received = this.#received.subarray(parsed.length);
        if (parsed.answer.status >= 200) return parsed.answer;
        continue;
      }
      if (this.#ended) throw new ConnectionClosed(`the connection ended after "${this.#received.toString("latin1")}"`);
      await this.#more(deadline - performance.now(), deadlineMs);
    }
  }

  /** Resolves when the server has closed the connection; throws when it has not within `deadlineMs`. */
  async end(deadlineMs = 10_000): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    while (!this.#ended) await this.#more(deadline - performance.now(), deadlineMs);
  }

  #more(milliseconds: number, ofAll: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        reject(new Error(`nothing within ${ofAll} ms, only "${this.#received.toString("latin1")}"`));
      const timer = setTimeout(late, Math.max(0, milliseconds));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Undefined while the answer is not complete. Understands Content-Length, chunks, and a body that lasts until the end. */
function parseAnswer(bytes: Buffer, ended: boolean, toHead: boolean): { answer: Answer; length: number } | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no status line: ${statusLine}`);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`no header: ${line}`);
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const start = headEnd + 4;
  const body = bodyFrom(bytes, start, headers, ended, toHead || status < 200 || status === 204 || status === 304);
  return body && { answer: new Answer(status, headers, body.bytes), length: body.end };
}

function bodyFrom(bytes: Buffer, start: number, headers: Headers, ended: boolean, none: boolean) {
  if (none) return { bytes: Buffer.alloc(0), end: start };
  const length = headers.get("content-length");
  if (headers.get("transfer-encoding") === "chunked") return chunksFrom(bytes, start);
  if (length === null) return ended ? { bytes: Buffer.from(bytes.subarray(start)), end: bytes.length } : undefined;
  const end = start + Number(length);
  return bytes.length < end ? undefined : { bytes: Buffer.from(bytes.subarray(start, end)), end };
}

function chunksFrom(bytes: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`no chunk size: ${bytes.toString("latin1", at, lineEnd)}`);
    const from = lineEnd + 2;
    if (bytes.length < from + size + 2) return undefined;
    at = from + size + 2;
    if (size === 0) return { bytes: Buffer.concat(chunks), end: at };
    chunks.push(bytes.subarray(from, from + size));
  }
}
