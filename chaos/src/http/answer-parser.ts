export interface ParsedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly keepAlive: boolean;
}

type Head = Pick<ParsedAnswer, "status" | "headers">;

const HEAD_END = "\r\n\r\n";
/** No answer of the service comes near; a peer that is no HTTP server is noticed instead of filling the memory. */
const HEAD_LIMIT = 64 * 1024;

/** Reads one HTTP/1.1 answer from the bytes of a connection (RFC 9112). Throws on anything else. */
export class AnswerParser {
  #bytes: Buffer = Buffer.alloc(0);
  #head: Head | undefined;

  /** @param request its `toHead`: it is a HEAD request, whose answer has no body whatever its headers say */
  constructor(private readonly request = { toHead: false }) {}

  /** The bytes after the answer, or those that are no whole answer yet. */
  get rest(): Buffer {
    return this.#bytes;
  }

  push(more: Buffer): ParsedAnswer | undefined {
    this.#bytes = this.#bytes.length === 0 ? more : Buffer.concat([this.#bytes, more]);
    this.#head ??= this.#takeHead();
    const head = this.#head;
    if (!head) return undefined;
    if (!this.request.toHead && head.headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
      const chunked = takeChunks(this.#bytes);
      return chunked && this.#answer(chunked.body, chunked.length);
    }
    const length = this.request.toHead ? 0 : bodyLength(head);
    if (length === undefined || this.#bytes.length < length) return undefined;
    return this.#answer(this.#bytes.subarray(0, length), length);
  }

  /** The server closed: the answer, where only this says that it is complete. */
  end(): ParsedAnswer | undefined {
    const untilClose =
      this.#head && bodyLength(this.#head) === undefined && !this.#head.headers.has("transfer-encoding");
    if (!untilClose) return undefined;
    const answer = this.#answer(this.#bytes, this.#bytes.length);
    return answer && { ...answer, keepAlive: false };
  }

  #takeHead(): Head | undefined {
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#bytes.length > HEAD_LIMIT) throw new Error("no HTTP answer: its head does not end");
      return undefined;
    }
    const head = parseHead(this.#bytes.toString("latin1", 0, end));
    this.#bytes = this.#bytes.subarray(end + HEAD_END.length);
    // 1xx announce the answer, they are not it.
    return head.status < 200 ? this.#takeHead() : head;
  }

  #answer(body: Buffer, length: number): ParsedAnswer | undefined {
    if (!this.#head) return undefined;
    const { status, headers } = this.#head;
    this.#bytes = this.#bytes.subarray(length);
    const keepAlive = this.#bytes.length === 0 && headers.get("connection")?.toLowerCase() !== "close";
    return { status, headers, body, keepAlive };
  }
}

function parseHead(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
  if (status === undefined) throw new Error(`no HTTP answer: ${JSON.stringify(first.slice(0, 40))}`);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`no HTTP answer: the header ${JSON.stringify(line.slice(0, 40))}`);
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

/** Undefined: the body goes on until the connection closes. */
function bodyLength({ status, headers }: Head): number | undefined {
  if (status === 204 || status === 304) return 0;
  const length = headers.get("content-length");
  if (length === null) return undefined;
  if (!/^\d+$/.test(length)) throw new Error(`no HTTP answer: content-length ${length}`);
  return Number(length);
}

/** Undefined as long as the last chunk has not come. Trailers are skipped. */
function takeChunks(bytes: Buffer): { readonly body: Buffer; readonly length: number } | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error("no HTTP answer: a chunk without a size");
    if (size === 0) {
      const end = bytes.indexOf(HEAD_END, lineEnd);
      return end < 0 ? undefined : { body: Buffer.concat(parts), length: end + HEAD_END.length };
    }
    const from = lineEnd + 2;
    at = from + size + 2;
    if (bytes.length < at) return undefined;
    parts.push(bytes.subarray(from, from + size));
  }
}
