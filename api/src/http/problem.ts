import { STATUS_CODES } from "node:http";

/** Errors by field, for a 400: `{"name": ["must have 1 to 255 characters"]}`. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/** A request that ends in an error answer. Handlers throw it; app.ts turns it into problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly extra: {
      readonly errors?: FieldErrors;
      readonly headers?: Readonly<Record<string, string>>;
      /** It is counted and logged elsewhere: there may be thousands in a second. */
      readonly quiet?: boolean;
    } = {},
  ) {
    super(detail);
  }
}

/** What error answers mean: the same text in answers and in the OpenAPI documents. */
export const NO_KEY = "writes need a key in X-Api-Key";
export const TOO_MANY_REQUESTS = "the client's address has made too many requests: see Retry-After";
export const NOT_FOUND_CITY = "there is no city with this id";
export const NOT_FOUND_FORECAST = "there is no forecast value with this id";
export const KEY_REUSED = "this Idempotency-Key was used with another content";
export const CHANGED_MEANWHILE = "it is not what If-Match names, or is what If-None-Match names: nothing was changed";

/** The errors of operations by status. */
export const READ_ERRORS = { 503: "the data are not loaded yet" };
export const ID_ERRORS = { 400: "the id in the path is not a whole number of at most 64 bits" };
export const WRITE_ERRORS = {
  400: "the id in the path is no whole number of 64 bits, the body is not JSON or breaks a rule: see errors",
  409: "the database refused the data",
  413: "the body is too long",
  415: "the body is not application/json",
  422: KEY_REUSED,
  503: "the write was not confirmed in time: it may or may not be stored",
  507: "the data fill the memory of this service: nothing was stored",
};
export const CHANGE_ERRORS = { ...WRITE_ERRORS, 412: CHANGED_MEANWHILE };

export function methodNotAllowed(method: string, allow: string): Problem {
  return new Problem(405, `this path does not support ${method}`, { headers: { allow } });
}

/** Node has the names of before RFC 9110. */
const TITLES: typeof STATUS_CODES = { ...STATUS_CODES, 413: "Content Too Large", 422: "Unprocessable Content" };

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
