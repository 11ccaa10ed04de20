import { check, sleep } from "k6";
import http, { type RefinedParams, type RefinedResponse, type ResponseType } from "k6/http";
import { parsed } from "./bodies.ts";
import { planOf } from "./plan.ts";

/** The plan of this run. Every virtual user reads it once, when k6 loads the scenario. */
export const plan = planOf(__ENV);

const PACE_MS = 500;

/** An answer that takes longer counts as failed; without a bound, a silent target would never show in the figures. */
const TIMEOUT = "10s";

// The objectives count 2xx only.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }));

type Answer = RefinedResponse<ResponseType>;

/** Checks a parsed body; false: it is not what was asked for. */
type BodyCheck = (body: unknown) => boolean;

/** One kind of request. The bodies of some answers are checked; the others are read from the wire and dropped, and count by their status. */
export class Route {
  readonly #check: string;
  readonly #unchecked: RefinedParams<"none">;
  readonly #checked: RefinedParams<"text">;
  readonly #every: number;
  #requests = 0;

  /** @param name in figures, such as `GET /Cities/{id}` */
  constructor(name: string, bodyCheckShare: number = plan.bodyCheckShare) {
    const headers: Record<string, string> = { "Accept-Encoding": plan.encoding };
    if (name.startsWith("POST")) headers["Content-Type"] = "application/json";
    const common = { tags: { name }, timeout: TIMEOUT, headers };
    this.#check = `${name}: 200 and the right body`;
    this.#unchecked = { ...common, responseType: "none" };
    this.#checked = { ...common, responseType: "text" };
    this.#every = Math.max(1, Math.round(1 / bodyCheckShare));
  }

  get(path: string, isRight: BodyCheck): void {
    this.getLarge(path, (text) => isRight(parsed(text)));
  }

  /** As `get`, for a body that may be too large to be parsed. */
  getLarge(path: string, isRight: (text: string) => boolean): void {
    this.#send("GET", path, null, isRight);
  }

  post(path: string, body: string, isRight: BodyCheck): void {
    this.#send("POST", path, body, (text) => isRight(parsed(text)));
  }

  /** Returns the body, undefined when there is none of the right form. */
  read(path: string, isRight: BodyCheck): unknown {
    atPace();
    let body: unknown;
    const holds = this.#judge(http.get(plan.target + path, this.#checked), (text) => {
      body = parsed(text);
      return isRight(body);
    });
    return holds ? body : undefined;
  }

  #send(method: "GET" | "POST", path: string, body: string | null, isRight: (text: string) => boolean): void {
    atPace();
    const url = plan.target + path;
    if (this.#isChecked()) this.#judge(http.request(method, url, body, this.#checked), isRight);
    else http.request(method, url, body, this.#unchecked);
  }

  /** Of every user one request in so many; users check at different moments, the first one at its first answer. */
  #isChecked(): boolean {
    const number = this.#requests + __VU - 1;
    this.#requests += 1;
    return number % this.#every === 0;
  }

  #judge({ status, body }: Answer, isRight: (text: string) => boolean): boolean {
    const holds = status === 200 && typeof body === "string" && isRight(body);
    check(null, { [this.#check]: () => holds });
    return holds;
  }
}

let earliest = 0;

/** Waits until this user may send again: `PACE_MS` after its last request started. */
function atPace(): void {
  const now = Date.now();
  // Users that start together would go on in step for the whole run.
  if (earliest === 0) earliest = now + Math.random() * PACE_MS;
  const waitMs = earliest - now;
  if (waitMs > 0) sleep(waitMs / 1000);
  earliest = Math.max(now, earliest) + PACE_MS;
}
