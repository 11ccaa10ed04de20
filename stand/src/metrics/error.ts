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
