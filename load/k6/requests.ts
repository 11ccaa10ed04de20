import { check } from "k6";
import http, { type RefinedParams, type RefinedResponse, type ResponseType } from "k6/http";
import { parsed } from "./bodies.ts";
import { atPace } from "./pace.ts";
import { plan } from "./run-plan.ts";

/** An answer that takes longer counts as failed; without a bound, a silent target would never show in the figures. */
const PATIENCE = "10s";

// The objectives count 2xx only.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }));

type Answer = RefinedResponse<ResponseType>;

/** Looks at a parsed body; false: it is not what was asked for. */
export type Look = (body: unknown) => boolean;

/**
 * One kind of request, made ready once. Of the answers only some are looked into: the others' bodies are read from the wire and
 * dropped, and count by their status.
 */
export class Route {
  readonly #check: string;
  readonly #quick: RefinedParams<"none">;
  readonly #looked: RefinedParams<"text">;
  readonly #every: number;
  #requests = 0;

  /** @param name in figures, such as `GET /Cities/{id}` */
  constructor(name: string, lookedAtShare: number = plan.bodyCheckShare) {
    const headers: Record<string, string> = { "Accept-Encoding": plan.acceptEncoding };
    if (name.startsWith("POST")) headers["Content-Type"] = "application/json";
    const common = { tags: { name }, timeout: PATIENCE, headers };
    this.#check = `${name}: 200 and the right body`;
    this.#quick = { ...common, responseType: "none" };
    this.#looked = { ...common, responseType: "text" };
    this.#every = Math.max(1, Math.round(1 / lookedAtShare));
  }

  get(path: string, look: Look): void {
    atPace();
    if (this.#looks()) this.#judge(http.get(plan.target + path, this.#looked), look);
    else http.get(plan.target + path, this.#quick);
  }

  /** As `get`, for a body that may be too large to be parsed. */
  getLarge(path: string, look: (text: string) => boolean): void {
    atPace();
    if (this.#looks()) this.#judgeText(http.get(plan.target + path, this.#looked), look);
    else http.get(plan.target + path, this.#quick);
  }

  /** Returns the body, undefined when there is none of the right form. */
  read(path: string, look: Look): unknown {
    atPace();
    return this.#judge(http.get(plan.target + path, this.#looked), look);
  }

  post(path: string, body: string, look: Look): void {
    atPace();
    if (this.#looks()) this.#judge(http.post(plan.target + path, body, this.#looked), look);
    else http.post(plan.target + path, body, this.#quick);
  }

  /** Of every user one request in so many; users look at different moments, the first one at its first answer. */
  #looks(): boolean {
    const number = this.#requests + __VU - 1;
    this.#requests += 1;
    return number % this.#every === 0;
  }

  #judge(answer: Answer, look: Look): unknown {
    let body: unknown;
    const isRight = this.#judgeText(answer, (text) => {
      body = parsed(text);
      return body !== undefined && look(body);
    });
    return isRight ? body : undefined;
  }

  #judgeText({ status, body }: Answer, look: (text: string) => boolean): boolean {
    const isRight = status === 200 && typeof body === "string" && look(body);
    check(null, { [this.#check]: () => isRight });
    return isRight;
  }
}
