import { connect, type Socket } from "node:net";

const DROP_MS = 1_000;
/** Just below what the service accepts: its limit for bodies, and the server's for headers. */
const BODY_BYTES = 65_000;
const HEADER_BYTES = 12_000;

/** A client that sends most of a request at once, and the rest a byte a second. */
export class SlowRequest {
  isOpen = true;
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param n odd: the headers come slowly; even: the body */
  constructor(url: string, n: number) {
    const { hostname, port, host } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    const head = `POST /Cities HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
    this.#socket.write(
      n % 2 === 0
        ? `${head}Content-Length: ${BODY_BYTES}\r\n\r\n${" ".repeat(BODY_BYTES - 1_000)}`
        : `${head}X-Slow: ${"x".repeat(HEADER_BYTES)}`,
    );
    this.#timer = setInterval(() => this.#socket.write(n % 2 === 0 ? " " : "x"), DROP_MS);
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.isOpen = false;
      clearInterval(this.#timer);
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}
