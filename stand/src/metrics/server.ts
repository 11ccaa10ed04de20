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
export type ErrorKind = "refused" | "unreachable" | "unauthorized" | "unreadable";

/** A question without an answer. The message of a refused one is the server's own. */
export class PrometheusError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string) {
    super(message);
    this.name = "PrometheusError";
    this.kind = kind;
  }
}

const DEADLINE_MS = 10_000;
const UNAUTHORIZED = 401;

/**
 * @param form sent by POST: an expression may be longer than a URL can be
 * @throws {PrometheusError} (unreachable, unauthorized) when there is no complete answer within the deadline
 */
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
