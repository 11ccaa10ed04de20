/** Errors by field, for a 400: `{"name": ["must have 1 to 255 characters"]}`. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/** A request that ends in an error answer. Handlers throw it; app.ts turns it into problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly extra: { readonly errors?: FieldErrors; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
  }
}

/** What error answers mean: the same text in answers and in the OpenAPI document. */
export const NOT_FOUND_CITY = "there is no city with this id";
export const NOT_FOUND_FORECAST = "there is no forecast value with this id";
export const NOT_VALID = {
  400: "the body is not JSON or breaks a rule: see errors",
  413: "the body is too long",
  415: "the body is not application/json",
};
export const UNCONFIRMED = { 503: "the write was not confirmed in time: it may or may not be stored" };

export function methodNotAllowed(method: string, allow: string): Problem {
  return new Problem(405, `this path does not support ${method}`, { headers: { allow } });
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** Statuses that RFC 9110 does not define. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  429: "https://www.rfc-editor.org/rfc/rfc6585#section-4",
  507: "https://www.rfc-editor.org/rfc/rfc4918#section-11.5",
};

export function problemResponse(problem: Problem, requestId: string): Response {
  const { status, detail, extra } = problem;
  const body = {
    type: OTHER_TYPES[status] ?? `https://www.rfc-editor.org/rfc/rfc9110#status.${status}`,
    title: TITLES[status] ?? "Error",
    status,
    detail,
    ...(extra.errors ? { errors: extra.errors } : {}),
    requestId,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json; charset=utf-8",
      "cache-control": "no-store",
      "x-request-id": requestId,
      ...extra.headers,
    },
  });
}
