import * as z from "zod";
import { parseJson } from "../computer/files.ts";
import { type HttpAnswer, httpRequest } from "../computer/http-request.ts";

/** A Prometheus or an Alertmanager, and how to log in. */
export interface Server {
  /** Without a path: `https://10.88.0.6:9090`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The certificate authority, as PEM, that alone is trusted. */
  readonly ca: string;
  /** Name in its certificate, where the URL has another one. */
  readonly name?: string;
  /** For one answer. Default: 10,000. */
  readonly deadlineMs?: number;
}

/**
 * Why there is no answer: `refused`, the server understood the question and says what is wrong with it; `unreachable`, nothing
 * listens, the certificate is not trusted or the deadline passed; `unauthorized`, the login is not accepted; `unreadable`, the answer
 * has another form than expected.
 */
type ErrorKind = "refused" | "unreachable" | "unauthorized" | "unreadable";

/** A question without an answer. The message of a refused one is the server's own. */
export class PrometheusError extends Error {
  override readonly name = "PrometheusError";

  constructor(
    readonly kind: ErrorKind,
    message: string,
  ) {
    super(message);
  }
}

const DEADLINE_MS = 10_000;
const UNAUTHORIZED = 401;

/** @param form sent by POST: an expression may be longer than a URL can be @throws {PrometheusError} (unreachable, unauthorized) */
export async function ask(server: Server, path: string, form?: URLSearchParams): Promise<HttpAnswer> {
  const { url, ca, name, deadlineMs = DEADLINE_MS, ...login } = server;
  const tls = { ca, ...(name === undefined ? {} : { servername: name }) };
  const answer = await httpRequest({ url: new URL(path, url), tls, login, body: form, deadlineMs }).catch(
    (error: Error) => {
      throw new PrometheusError("unreachable", `${url}: ${error.message}`);
    },
  );
  if (answer.status !== UNAUTHORIZED) return answer;
  throw new PrometheusError("unauthorized", `${url} does not accept the login of the user ${login.user}`);
}

/** Around every answer of Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview */
const Envelope = z.discriminatedUnion("status", [
  z.object({ status: z.literal("success"), data: z.unknown() }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

/** What Prometheus answered, out of its envelope. @throws {PrometheusError} (refused) with its own message, (unreadable) */
export function dataOf<Shape extends z.ZodType>({ status, text }: HttpAnswer, shape: Shape): z.output<Shape> {
  const envelope = Envelope.safeParse(parseJson(text));
  if (!envelope.success) throw unreadable(status, text);
  if (envelope.data.status === "error") {
    throw new PrometheusError("refused", `${envelope.data.errorType}: ${envelope.data.error}`);
  }
  return read(envelope.data.data, shape);
}

/** What Alertmanager answered: the value as it is, or a text that says what was wrong. @throws {PrometheusError} (refused, unreadable) */
export function bareValueOf<Shape extends z.ZodType>({ status, text }: HttpAnswer, shape: Shape): z.output<Shape> {
  const value = parseJson(text);
  if (status === 200) return read(value, shape);
  if (typeof value === "string") throw new PrometheusError("refused", value);
  throw unreadable(status, text);
}

function read<Shape extends z.ZodType>(value: unknown, shape: Shape): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PrometheusError("unreadable", `an answer of another form: ${z.prettifyError(parsed.error)}`);
}

function unreadable(status: number, text: string): PrometheusError {
  return new PrometheusError("unreadable", `answers ${status} ${text.trim().slice(0, 120)}`.trim());
}
