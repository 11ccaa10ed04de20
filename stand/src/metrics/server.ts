import * as http from "node:http";
import * as https from "node:https";
import { PrometheusError } from "./error.ts";

/** A Prometheus or an Alertmanager, and how to be let in. */
export interface Server {
  /** Without a path: `https://10.88.0.6:9090`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The certificate authority, as PEM, that alone is trusted. */
  readonly ca: string;
  /** Milliseconds for one answer; default: 10,000. */
  readonly deadlineMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const DEADLINE = 10_000;
const UNAUTHORIZED = 401;

/**
 * One question on a connection of its own, so that nothing stays open after it.
 *
 * @param form sent by POST: an expression may be longer than a URL can be
 * @throws {PrometheusError} (unreachable, unauthorized) when there is no complete answer within the deadline
 */
export async function ask(server: Server, path: string, form?: URLSearchParams): Promise<Answer> {
  const answer = await exchange(server, path, form);
  if (answer.status !== UNAUTHORIZED) return answer;
  throw new PrometheusError("unauthorized", `${server.url} does not accept the login of the user ${server.user}`);
}

function exchange({ url, user, password, ca, deadlineMs = DEADLINE }: Server, path: string, form?: URLSearchParams) {
  const target = new URL(path, url);
  const { request } = target.protocol === "https:" ? https : http;
  const options: https.RequestOptions = {
    ca,
    auth: `${user}:${password}`,
    agent: false,
    signal: AbortSignal.timeout(deadlineMs),
    method: form === undefined ? "GET" : "POST",
    headers: {
      accept: "application/json",
      ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
    },
  };
  return new Promise<Answer>((resolve, reject) => {
    const fail = (error: Error): void => {
      const isLate = error.name === "AbortError" || error.name === "TimeoutError";
      const why = isLate ? `no answer within ${deadlineMs} ms` : error.message;
      reject(new PrometheusError("unreachable", `${url}: ${why}`));
    };
    const asked = request(target, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", fail);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", fail);
    asked.end(form?.toString());
  });
}
