import type { BlockList } from "node:net";
import type { Log } from "../operations/log.ts";
import type { Metrics } from "../operations/metrics.ts";
import { clientOf, isFromOutside, isRateLimited, rateLimit, requireApiKey } from "./access.ts";
import { CrossOrigin } from "./cross-origin.ts";
import { methodNotAllowed, Problem, problemResponse } from "./problem.ts";
import { allowedMethods, type Route, RouteTable } from "./route.ts";
import type { StaticPages } from "./static-pages.ts";

export interface AppOptions {
  readonly routes: readonly Route[];
  readonly staticPages: StaticPages;
  readonly corsOrigins: readonly string[];
  readonly apiKeys: readonly string[];
  /** Reads the keys that may change while the service runs. */
  readonly apiKeysFile: (() => readonly string[]) | undefined;
  readonly rateLimitPerSecond: number;
  readonly trustedProxies: BlockList;
  readonly metrics: Pick<Metrics, "requests">;
  readonly log: Log;
}

/** Answers one request. Never rejects. `address` returns the peer's address. */
export type App = (request: Request, address: () => string) => Promise<Response>;

/** Slower answers are logged. */
const SLOW_S = 5;

/** The API as a function from Request to Response: finds the route, checks, calls the handler, turns errors into problems, measures. */
export function createApp(options: AppOptions): App {
  const { metrics, log } = options;
  const table = new RouteTable(options.routes);
  const crossOrigin = new CrossOrigin(options.corsOrigins);
  const checkKey = requireApiKey(options.apiKeys, options.apiKeysFile, (error) =>
    log.warn({ reason: String(error) }, "API_KEYS_FILE cannot be read: the keys that it had go on"),
  );
  const checkRate = rateLimit(options.rateLimitPerSecond);
  const requestIds = new RequestIds();

  function route(
    request: Request,
    address: () => string,
    pathname: string,
    query: string,
    seen: { route: string },
  ): Response | Promise<Response> {
    const match = table.match(pathname);
    const page = match ? undefined : options.staticPages(pathname, request);
    if (page) {
      seen.route = "page";
      return page;
    }
    if (!match || isFromOutside(match.route.template, request)) throw new Problem(404, "there is nothing at this path");
    seen.route = match.route.template;
    if (request.method === "OPTIONS") return crossOrigin.preflight(match.route, crossOrigin.allowed(request));
    const method = request.method === "HEAD" ? "GET" : request.method;
    const { operations } = match.route;
    const operation = Object.hasOwn(operations, method) ? operations[method as keyof typeof operations] : undefined;
    if (!operation) throw methodNotAllowed(request.method, allowedMethods(match.route));
    if (options.rateLimitPerSecond > 0 && isRateLimited(match.route.template))
      checkRate(clientOf(address(), request.headers.get("x-forwarded-for"), options.trustedProxies));
    if (method !== "GET") checkKey(request);
    return operation.handler({ request, parameter: match.parameter, query });
  }

  return async (request, address) => {
    const started = performance.now();
    metrics.requests.begin();
    const { pathname, query } = pathOf(request.url);
    const seen = { route: "none" };
    let response: Response;
    try {
      // Bun puts Host before the path unchecked: a slash or a question mark in it would become part of the path.
      if (!isHost(request.headers.get("host") ?? "")) throw new Problem(400, "the Host header is not a host");
      response = await route(request, address, pathname, query, seen);
    } catch (error) {
      response = failure(error, requestIds.of(request), seen.route, log);
    }
    if (request.method !== "OPTIONS") crossOrigin.mark(request, response);
    if (request.headers.has("x-request-id")) response.headers.set("x-request-id", requestIds.of(request));
    const seconds = (performance.now() - started) / 1_000;
    metrics.requests.end(seen.route, request.method, response.status, seconds);
    if (seconds > SLOW_S || log.isLevelEnabled("debug")) {
      const level = seconds > SLOW_S ? "warn" : "debug";
      log[level](
        { requestId: requestIds.of(request), ...seen, method: request.method, status: response.status, seconds },
        "request",
      );
    }
    return response;
  };
}

const HOST = /^[\w.:[\]-]*$/;
let lastHost = "";

/** Nearly every request has the same host as the last one. */
function isHost(text: string): boolean {
  if (text === lastHost) return true;
  if (!HOST.test(text)) return false;
  lastHost = text;
  return true;
}

function failure(error: unknown, requestId: string, route: string, log: Log): Response {
  if (error instanceof Problem) {
    if (error.status >= 500 && !error.extra.quiet)
      log.warn({ requestId, route, status: error.status, detail: error.detail }, "request failed");
    return problemResponse(error, requestId);
  }
  log.error({ requestId, route, err: error }, "request failed unexpectedly");
  return problemResponse(new Problem(500, "an unexpected error: the log has it under the request's id"), requestId);
}

/** The path and the query of an absolute URL, without the cost of a URL object on every read. */
function pathOf(url: string): { pathname: string; query: string } {
  // Without a Host header, which HTTP/1.0 allows, Bun passes the path alone.
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return { pathname: "/", query: "" };
  const mark = url.indexOf("?", start);
  const end = url.indexOf("#", start);
  const stop = end < 0 ? url.length : end;
  return mark < 0 || mark > stop
    ? { pathname: url.slice(start, stop), query: "" }
    : { pathname: url.slice(start, mark), query: url.slice(mark, stop) };
}

/** A request's id: the one that the client sent, if it is harmless, else a new one. */
class RequestIds {
  readonly #given = new WeakMap<Request, string>();
  readonly #prefix = crypto.randomUUID().slice(0, 8);
  #count = 0;

  of(request: Request): string {
    let id = this.#given.get(request);
    if (id === undefined) {
      const sent = request.headers.get("x-request-id");
      this.#count += 1;
      id = sent !== null && /^[\w.-]{1,64}$/.test(sent) ? sent : `${this.#prefix}-${this.#count.toString(36)}`;
      this.#given.set(request, id);
    }
    return id;
  }
}
