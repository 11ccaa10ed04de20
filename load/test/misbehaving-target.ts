import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Misbehaviour = "none" | "answers 500" | "is slow" | "lies" | "lies a little" | "is silent";

/** Longer than the objectives allow, ms. */
const SLOW_MS = 900;

const cities = Array.from({ length: 9 }, (_, index) => ({ id: index + 1, name: `City ${index + 1}` }));

/** A small Weather API that looks well at first and misbehaves to k6. */
export class MisbehavingTarget {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  behaviour: Misbehaviour = "none";
  /** Requests by k6. */
  requests = 0;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** As a killed process: connections break, and nobody listens. */
  async die(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const isK6 = request.headers["user-agent"] === "goldenring-load";
    if (isK6) this.requests += 1;
    const behaviour = isK6 ? this.behaviour : "none";
    const body = bodyOf(request.url ?? "/");
    if (behaviour === "is silent") return;
    if (behaviour === "answers 500") send(response, 500, { title: "broken" });
    else if (behaviour === "lies") send(response, 200, { hello: "world" });
    else if (behaviour === "lies a little" && this.requests % 20 === 0) send(response, 200, { hello: "world" });
    else if (behaviour === "is slow") setTimeout(() => send(response, 200, body), SLOW_MS);
    else send(response, body === undefined ? 404 : 200, body ?? {});
  }
}

function bodyOf(path: string): unknown {
  if (path === "/Cities") return cities;
  if (path === "/WeatherForecast") return cities.map((city) => ({ ...city, forecast: [] }));
  return cities.find(({ id }) => path === `/Cities/${id}`);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
