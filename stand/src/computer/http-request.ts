import * as http from "node:http";
import * as https from "node:https";

export interface HttpRequest {
  readonly url: string | URL;
  /**
   * For https, as PEM: the authority that alone is trusted, and this client's own certificate. `servername` is the name that the server's
   * certificate must have, where the URL has another one: that of a forwarded port.
   */
  readonly tls?:
    | { readonly ca: string; readonly cert?: string; readonly key?: string; readonly servername?: string }
    | undefined;
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  /** Default: POST with a body, GET without. */
  readonly method?: "PATCH";
  /** An object as JSON, parameters as a form. */
  readonly body?: object | URLSearchParams | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps connections, with its own TLS; otherwise the request has one of its own, so that nothing stays open after it. */
  readonly agent?: https.Agent;
  readonly signal?: AbortSignal;
  readonly deadlineMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * One request on a connection of its own, so that nothing stays open after it.
 *
 * @throws {Error} with the reason when there is no complete answer within the deadline
 */
export function httpRequest(wanted: HttpRequest): Promise<HttpAnswer> {
  const { url, tls, login, body, headers, agent = false, deadlineMs } = wanted;
  const { method = body === undefined ? "GET" : "POST" } = wanted;
  const late = AbortSignal.timeout(deadlineMs);
  const { request } = String(url).startsWith("https:") ? https : http;
  const isForm = body instanceof URLSearchParams;
  const options: https.RequestOptions = {
    ...tls,
    minVersion: "TLSv1.3",
    method,
    signal: wanted.signal ? AbortSignal.any([wanted.signal, late]) : late,
    agent,
    headers: {
      // Without it, etcd takes its own JSON interface for the user, and answers that it has no permission.
      accept: "application/json",
      ...(body && { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" }),
      ...headers,
    },
    ...(login && { auth: `${login.user}:${login.password}` }),
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const isLate = error.name === "AbortError" || error.name === "TimeoutError";
      reject(isLate ? new Error(`no answer within ${deadlineMs} ms`) : error);
    };
    const sent = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", fail);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", fail);
    sent.end(body === undefined ? undefined : isForm ? body.toString() : JSON.stringify(body));
  });
}
