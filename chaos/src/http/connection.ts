import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { messageOf } from "@goldenring/stand";
import { AnswerParser, type ParsedAnswer } from "./answer-parser.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** Besides host, accept-encoding and content-length. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For connecting, sending and the whole answer, ms. */
  readonly deadlineMs: number;
}

export type Exchange =
  | ({ readonly answered: true } & ParsedAnswer)
  | {
      readonly answered: false;
      /** False where certainly no byte of the request has left: then the server cannot have acted on it. */
      readonly sent: boolean;
      /** For people: "deadline", "closed by the server", ECONNREFUSED. */
      readonly error: string;
    };

/** PEM: certificates that are trusted instead of the usual ones; the client's own and its key. */
export interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What a request under way does at the events of its socket. */
interface Waiting {
  connected(): void;
  data(bytes: Buffer): void;
  /** @param error undefined when the server closed in order */
  ended(error?: string): void;
}

/**
 * One client's keep-alive connection with one request under way at a time. It sends each request exactly once: `fetch` and
 * `node:http` send again by themselves when a kept connection turns out to be closed, which hides the very faults that a
 * probe is there to see. A connection that broke is replaced by the next request.
 */
export class HttpConnection {
  readonly #to: { readonly host: string; readonly port: number; readonly noDelay: true } & ClientTls;
  readonly #hostHeader: string;
  readonly #tls: boolean;
  #socket: Socket | undefined;
  #waiting: Waiting | undefined;

  /** @param target only protocol, host and port count */
  constructor(target: URL, tls: ClientTls = {}) {
    if (target.protocol !== "http:" && target.protocol !== "https:")
      throw new Error(`${target.href}: neither http:// nor https://`);
    this.#tls = target.protocol === "https:";
    const port = Number(target.port || (this.#tls ? 443 : 80));
    const host = target.hostname.replace(/^\[|\]$/g, "");
    this.#to = { host, port, noDelay: true, ...tls };
    this.#hostHeader = target.host;
  }

  request(request: HttpRequest): Promise<Exchange> {
    if (this.#waiting) throw new Error("a request is under way on this connection");
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const parser = new AnswerParser();
    let sent = false;
    const settle = (exchange: Exchange, keep: boolean): void => {
      clearTimeout(timer);
      this.#waiting = undefined;
      if (!keep) this.#drop();
      resolve(exchange);
    };
    const fail = (error: string): void => settle({ answered: false, sent, error }, false);
    const timer = setTimeout(() => fail("deadline"), request.deadlineMs);
    this.#waiting = {
      connected: () => {
        sent = true;
        this.#socket?.write(requestText(request, this.#hostHeader));
      },
      data: (bytes) => {
        try {
          const answer = parser.push(bytes);
          if (answer) settle({ answered: true, ...answer }, answer.keepAlive);
        } catch (error) {
          fail(messageOf(error));
        }
      },
      ended: (error) => {
        const answer = error === undefined ? parser.end() : undefined;
        if (answer) settle({ answered: true, ...answer }, false);
        else fail(error ?? "closed by the server");
      },
    };
    if (this.#socket) this.#waiting.connected();
    else this.#socket = this.#open();
    return promise;
  }

  /** A request under way is given up. */
  close(): void {
    this.#drop();
    this.#waiting?.ended("given up");
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #open(): Socket {
    const socket = this.#tls ? connectTls(this.#to) : connect(this.#to);
    // What a socket says that is no longer in use, or that nobody waits for, only ends its use.
    const waiting = (): Waiting | undefined => (this.#socket === socket ? this.#waiting : undefined);
    const ended = (error?: string): void => {
      const interested = waiting();
      if (this.#socket === socket) this.#drop();
      interested?.ended(error);
    };
    socket.on(this.#tls ? "secureConnect" : "connect", () => waiting()?.connected());
    socket.on("data", (bytes: Buffer) => {
      const interested = waiting();
      if (interested) interested.data(bytes);
      else ended();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => ended(error.code ?? error.message));
    for (const event of ["end", "close"]) socket.on(event, () => ended());
    return socket;
  }
}

function requestText({ method, path, headers = {}, body }: HttpRequest, host: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body !== undefined || method !== "GET") lines.push(`content-length: ${Buffer.byteLength(body ?? "")}\r\n`);
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: identity\r\n${lines.join("")}\r\n${body ?? ""}`;
}
