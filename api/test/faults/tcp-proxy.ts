import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net";

/**
 * A TCP proxy on 127.0.0.1 that can break connections as networks do. Otherwise it passes bytes on. It ignores
 * backpressure, because the traffic of these tests is small.
 */
export class TcpProxy {
  readonly #connections = new Set<ProxiedConnection>();
  readonly #server: Server;
  #silent = false;
  #delayMs = 0;
  #trigger: Trigger | undefined;

  private constructor(
    server: Server,
    readonly target: number,
  ) {
    this.#server = server;
    server.on("connection", (client) => this.#accept(client));
  }

  /** @param target the port on 127.0.0.1 to which it leads */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TcpProxy(server, target);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The same login and database, by way of this proxy. */
  urlThrough(url: string): string {
    const here = new URL(url);
    here.port = String(this.port);
    return here.href;
  }

  /** Ends every open connection with an RST, in both directions. */
  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** Accepts, but passes nothing on any connection from now on, without closing any. */
  silence(): void {
    this.#silent = true;
    for (const connection of this.#connections) connection.hold();
  }

  /**
   * Ends the silence. `deliver` then hands out what was held back, as a network does that was only slow: a statement whose
   * sender has long given up is still executed. `reset` ends the connections that were silent.
   */
  endSilence(fate: "deliver" | "reset"): void {
    this.#silent = false;
    for (const connection of [...this.#connections]) {
      if (fate === "deliver") connection.release();
      else connection.reset();
    }
  }

  /** Delays everything in each direction. */
  delay(durationMs: number): void {
    this.#delayMs = durationMs;
    for (const connection of this.#connections) connection.delayMs = durationMs;
  }

  /**
   * As soon as a client's bytes contain `text` they are still passed on, but every answer on that connection is dropped:
   * the server does its work and the client never learns of it. Resolves when that has happened.
   */
  muteOnce(text: string): Promise<void> {
    return this.#once(text, (connection) => {
      connection.muted = true;
    });
  }

  /** As soon as a client's bytes contain `text`, they and all later bytes of that connection are held until `endSilence`. */
  silenceOnce(text: string): Promise<void> {
    return this.#once(text, (connection) => connection.hold());
  }

  /** Answers on the open connections are dropped from now on. */
  muteAll(): void {
    for (const connection of this.#connections) connection.muted = true;
  }

  /** Ends every connection and stops listening. */
  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const connection = new ProxiedConnection(client, this.target, {
      sent: (bytes) => this.#look(connection, bytes),
      ended: () => this.#connections.delete(connection),
    });
    connection.delayMs = this.#delayMs;
    if (this.#silent) connection.hold();
    this.#connections.add(connection);
  }

  #once(text: string, act: (connection: ProxiedConnection) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#trigger = {
        bytes: Buffer.from(text),
        fire: (connection) => {
          act(connection);
          resolve();
        },
      };
    });
  }

  #look(connection: ProxiedConnection, bytes: Buffer): void {
    const trigger = this.#trigger;
    if (!trigger || !bytes.includes(trigger.bytes)) return;
    this.#trigger = undefined;
    trigger.fire(connection);
  }
}

/** What happens to the first connection that sends these bytes. */
interface Trigger {
  readonly bytes: Buffer;
  readonly fire: (connection: ProxiedConnection) => void;
}

interface ConnectionEvents {
  sent(bytes: Buffer): void;
  ended(): void;
}

class ProxiedConnection {
  muted = false;
  delayMs = 0;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #events: ConnectionEvents;
  /** What happened while the connection was held, in order; undefined while it is not. */
  #held: (() => void)[] | undefined;
  #ended = false;

  constructor(client: Socket, port: number, events: ConnectionEvents) {
    this.#client = client;
    this.#events = events;
    this.#server = dial({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#pipe(this.#client, this.#server, (bytes) => {
      events.sent(bytes);
      return true;
    });
    this.#pipe(this.#server, this.#client, () => !this.muted);
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) event();
  }

  reset(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#held = undefined;
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
    this.#events.ended();
  }

  #pipe(from: Socket, to: Socket, passes: (bytes: Buffer) => boolean): void {
    from.on("data", (bytes: Buffer) => {
      if (passes(bytes)) this.#later(() => to.write(bytes));
    });
    from.on("end", () => this.#later(() => to.end()));
    // If one side breaks, the other side breaks too, during a silence only after it.
    from.on("error", () => this.#later(() => this.reset()));
    from.on("close", () => this.#later(() => this.#closed(to)));
  }

  #later(event: () => void): void {
    const whenPassing = (): void => {
      if (this.#ended) return;
      if (this.#held) this.#held.push(event);
      else event();
    };
    if (this.delayMs > 0) setTimeout(whenPassing, this.delayMs);
    else whenPassing();
  }

  #closed(other: Socket): void {
    if (!other.destroyed) return void other.end();
    this.#ended = true;
    this.#events.ended();
  }
}
