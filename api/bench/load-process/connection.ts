import { connect, type Socket } from "node:net";
import { type Answer, AnswerReader } from "./answer-reader.ts";

/** One keep-alive connection with at most one request on its way. */
export class Connection {
  readonly #reader = new AnswerReader();
  readonly #onAnswer: (connection: Connection, answer: Answer) => void;
  readonly #onLost: (connection: Connection, reason: string) => void;
  readonly #socket: Socket;
  #lost = false;

  /** Index of the request on its way, and when it was due, in ms of performance.now(). */
  request = 0;
  due = 0;
  busy = false;

  constructor(
    port: number,
    onAnswer: (connection: Connection, answer: Answer) => void,
    onLost: (connection: Connection, reason: string) => void,
  ) {
    this.#onAnswer = onAnswer;
    this.#onLost = onLost;
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on("error", (error: Error) => this.#lose(error.message));
    this.#socket.on("close", () => this.#lose("connection closed"));
  }

  get keepsBody(): boolean {
    return this.#reader.keepBody;
  }

  send(bytes: Buffer, request: number, due: number, keepBody: boolean): void {
    this.request = request;
    this.due = due;
    this.busy = true;
    this.#reader.keepBody = keepBody;
    this.#socket.write(bytes);
  }

  close(): void {
    this.#lost = true;
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    let answer: Answer | undefined;
    try {
      answer = this.#reader.push(bytes);
    } catch (error) {
      this.#socket.destroy();
      this.#lose(error instanceof Error ? error.message : String(error));
      return;
    }
    if (answer === undefined) return;
    this.busy = false;
    this.#onAnswer(this, answer);
  }

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#onLost(this, reason);
  }
}
