import { allowedMethods, type Route } from "./route.ts";

/** What pages of other origins may do (CORS): nothing, unless their origin is configured. */
export class CrossOrigin {
  readonly #all: boolean;
  readonly #origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.#all = origins.includes("*");
    this.#origins = new Set(origins);
  }

  /** The origin to name in the answer; undefined if the request's origin is not allowed. */
  allowed(request: Request): string | undefined {
    if (!this.#all && this.#origins.size === 0) return undefined;
    const origin = request.headers.get("origin");
    if (origin === null) return undefined;
    if (this.#all) return "*";
    return this.#origins.has(origin) ? origin : undefined;
  }

  /** Marks which pages may read an answer. If that depends on the page, every answer says so to caches (`Vary`). */
  mark(request: Request, response: Response): void {
    const origin = this.allowed(request);
    if (origin !== undefined) this.permit(response, origin);
    else if (!this.#all && this.#origins.size > 0) response.headers.append("vary", "origin");
  }

  /** Marks an answer as readable by pages of `origin`. */
  permit(response: Response, origin: string): void {
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("access-control-expose-headers", "etag, warning, age, retry-after, x-request-id");
    if (origin !== "*") response.headers.append("vary", "origin");
  }

  preflight(route: Route, origin: string | undefined): Response {
    const allow = allowedMethods(route);
    const response = new Response(null, { status: 204, headers: { allow } });
    if (origin === undefined) return response;
    this.permit(response, origin);
    response.headers.set("access-control-allow-methods", allow);
    response.headers.set(
      "access-control-allow-headers",
      "content-type, idempotency-key, if-match, if-none-match, x-api-key, x-request-id",
    );
    response.headers.set("access-control-max-age", "600");
    return response;
  }
}
