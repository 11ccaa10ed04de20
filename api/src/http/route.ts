import type { z } from "zod";

/** One request, as a handler gets it. */
export interface Exchange {
  readonly request: Request;
  /** The path's last segment, where the template has a parameter. */
  readonly parameter: string;
  /** The query string with its `?`, or "". */
  readonly query: string;
}

export type Handler = (exchange: Exchange) => Response | Promise<Response>;

/** An operation as the OpenAPI document shows it; validation uses the same schemas. */
export interface Operation {
  /** The name that generated clients give it. */
  readonly id: string;
  readonly summary: string;
  readonly tag: string;
  readonly handler: Handler;
  /** The answer of a 200: a schema, or text or any object without one. */
  readonly answers: z.ZodType | "text/plain" | "application/json";
  readonly body?: z.ZodType;
  readonly query?: z.ZodObject;
  /** It takes `Idempotency-Key`. */
  readonly repeatable?: boolean;
  /** Its answer has an ETag, which later requests may name in a condition. */
  readonly tagged?: boolean;
  /** Its error statuses and their meaning. */
  readonly errors?: Readonly<Record<number, string>>;
}

/** The operations of one path. GET answers HEAD too. */
export interface Route {
  /** As in the OpenAPI document and in metrics: `/Cities/{id}`. */
  readonly template: string;
  readonly operations: { readonly [method in "GET" | "POST" | "PUT"]?: Operation };
}

export interface Match {
  readonly route: Route;
  readonly parameter: string;
}

export class RouteTable {
  readonly #whole = new Map<string, Match>();
  readonly #withParameter = new Map<string, Route>();

  constructor(readonly routes: readonly Route[]) {
    for (const route of routes) {
      const [path = "", parameter] = route.template.toLowerCase().split("/{");
      if (parameter !== undefined) this.#withParameter.set(path, route);
      // In its own spelling too, which most clients use.
      else for (const spelling of [path, route.template]) this.#whole.set(spelling, { route, parameter: "" });
    }
  }

  /** Matches without regard to case and to one slash at the end. */
  match(pathname: string): Match | undefined {
    const exact = this.#whole.get(pathname);
    if (exact) return exact;
    const path = (pathname.endsWith("/") && pathname.length > 1 ? pathname.slice(0, -1) : pathname).toLowerCase();
    const whole = this.#whole.get(path);
    if (whole) return whole;
    const slash = path.lastIndexOf("/");
    const route = this.#withParameter.get(path.slice(0, slash));
    return route && slash < path.length - 1 ? { route, parameter: decoded(path.slice(slash + 1)) } : undefined;
  }
}

export function allowedMethods(route: Route): string {
  const methods = Object.keys(route.operations).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...methods, "OPTIONS"].join(", ");
}

function decoded(segment: string): string {
  try {
    return segment.includes("%") ? decodeURIComponent(segment) : segment;
  } catch {
    return segment;
  }
}
