import { connect, type Socket } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { AnswerParser } from "@goldenring/chaos/http";

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
 * these tests: it repairs paths, refuses headers and decodes bodies; nor the probe's client of chaos, which sends only what is right.
 */
export class WireConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #parser: AnswerParser | undefined;
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
    // A reset ends the connection, too; what the server sent came before it.
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

  /** Closes it at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * The next answer. Throws ConnectionClosed, or an Error when it does not come within `deadlineMs`.
   * @param toHead whether it answers a HEAD request, which has no body despite its headers
   */
  async answer({ toHead = false, deadlineMs = 10_000 } = {}): Promise<Answer> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      // Kept over a missed deadline: what has arrived by then is the beginning of the next answer that is asked for.
      this.#parser ??= new AnswerParser({ toHead });
      const parsed = this.#parser.push(this.#take()) ?? (this.#ended ? this.#parser.end() : undefined);
      if (parsed) {
        this.#received = this.#parser.rest;
        this.#parser = undefined;
        return new Answer(parsed.status, parsed.headers, parsed.body);
      }
      if (this.#ended)
        throw new ConnectionClosed(`the connection ended after "${this.#parser.rest.toString("latin1")}"`);
      await this.#more(deadline - performance.now(), deadlineMs);
    }
  }

  #take(): Buffer {
    const bytes = this.#received;
    this.#received = Buffer.alloc(0);
    return bytes;
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
