import { connect, type Socket } from "node:net";

/** A client that asks for one answer and reads it slowly, as over a bad line. Its own buffers are those of the kernel. */
export class SlowReader {
  bytes = 0;
  ended = false;
  readonly #socket: Socket;
  #status = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param bytesPerSecond what it takes at most */
  constructor(url: string, encoding: "identity" | "gzip", bytesPerSecond: number) {
    const { hostname, port, pathname, search, host } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept-Encoding: ${encoding}\r\n\r\n`);
    this.#socket.on("data", (chunk: Buffer) => {
      if (this.bytes === 0) this.#status = chunk.subarray(9, 12).toString();
      this.bytes += chunk.length;
      this.#socket.pause();
      this.#timer = setTimeout(() => this.#socket.resume(), (1_000 * chunk.length) / bytesPerSecond);
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.ended = true;
    });
  }

  get status(): number {
    return Number(this.#status);
  }

  /** Vanishes in the middle of the answer. */
  vanish(): void {
    clearTimeout(this.#timer);
    this.#socket.resetAndDestroy();
  }
}
