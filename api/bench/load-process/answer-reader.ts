/**
 * Reads HTTP/1.1 answers off one connection, one at a time, no pipelining. Knows Content-Length and chunked bodies,
 * nothing else: an answer that has neither is an error here. Not the parser of chaos/src/http, which understands all answers: at
 * 20,000 answers a second that one costs several times the CPU of the answers it is to measure.
 */

export interface Answer {
  readonly status: number;
  /** Body bytes on the wire, without chunk frames. */
  readonly bodyBytes: number;
  /** Lower-case header lines, as one text. */
  readonly head: string;
  /** The body, if it was asked for. */
  readonly body: readonly Buffer[];
}

type Part = "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailer";

const endOfHead = Buffer.from("\r\n\r\n");

export class AnswerReader {
  #part: Part = "head";
  #pending: Buffer = Buffer.alloc(0);
  #left = 0;
  #status = 0;
  #head = "";
  #bodyBytes = 0;
  #body: Buffer[] = [];

  /** Set before the request is sent, to have the body kept. */
  keepBody = false;

  /** Takes what the socket gave. Returns the answer when it is complete. Throws on what isn't an answer. */
  push(received: Buffer): Answer | undefined {
    let bytes = received;
    if (this.#pending.length > 0) {
      bytes = Buffer.concat([this.#pending, received]);
      this.#pending = Buffer.alloc(0);
    }
    let at = 0;
    if (this.#part === "head") {
      const end = bytes.indexOf(endOfHead);
      if (end < 0) {
        this.#pending = bytes;
        return undefined;
      }
      this.#readHead(bytes.toString("latin1", 0, end).toLowerCase());
      at = end + endOfHead.length;
    }
    if (this.#part === "length") {
      at = this.#take(bytes, at);
      if (this.#left > 0) return undefined;
    } else {
      at = this.#readChunks(bytes, at);
      if (at < 0) return undefined;
    }
    if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes after the end of an answer`);
    return this.#finish();
  }

  #readHead(head: string): void {
    const status = /^http\/1\.1 (\d{3})/.exec(head)?.[1];
    if (status === undefined) throw new Error(`not an HTTP/1.1 answer: ${head.slice(0, 60)}`);
    this.#status = Number(status);
    this.#head = head;
    const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
    if (length !== undefined) {
      this.#left = Number(length);
      this.#part = "length";
    } else if (/\r\ntransfer-encoding: *chunked/.test(head)) {
      this.#part = "chunk-size";
    } else {
      throw new Error("an answer with neither Content-Length nor chunks");
    }
  }

  /** Walks chunk frames. Returns where the answer ended, or -1 if it goes on. */
  #readChunks(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length) {
      if (this.#part === "chunk") {
        at = this.#take(bytes, at);
        if (this.#left === 0) this.#part = "chunk-end";
        continue;
      }
      const endOfLine = bytes.indexOf("\r\n", at);
      if (endOfLine < 0) {
        this.#pending = bytes.subarray(at);
        return -1;
      }
      const line = bytes.toString("latin1", at, endOfLine);
      at = endOfLine + 2;
      if (this.#part === "chunk-end") {
        if (line !== "") throw new Error("a chunk is longer than it says");
        this.#part = "chunk-size";
      } else if (this.#part === "chunk-size") {
        this.#left = Number.parseInt(line, 16);
        if (Number.isNaN(this.#left)) throw new Error(`not a chunk size: ${line.slice(0, 20)}`);
        this.#part = this.#left === 0 ? "trailer" : "chunk";
      } else if (line === "") {
        return at;
      }
    }
    return -1;
  }

  #take(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#left, bytes.length - at);
    if (this.keepBody && taken > 0) this.#body.push(Buffer.from(bytes.subarray(at, at + taken)));
    this.#left -= taken;
    this.#bodyBytes += taken;
    return at + taken;
  }

  #finish(): Answer {
    const answer = { status: this.#status, bodyBytes: this.#bodyBytes, head: this.#head, body: this.#body };
    this.#part = "head";
    this.#bodyBytes = 0;
    this.#body = [];
    return answer;
  }
}
