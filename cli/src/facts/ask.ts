import * as http from "node:http";
import * as https from "node:https";

export interface Credentials {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Question {
  readonly url: string;
  readonly credentials?: Credentials | undefined;
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  /** Sent by POST as JSON. */
  readonly body?: object;
  readonly deadlineMs: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** @throws when there is no complete answer within the deadline */
export function ask({ url, credentials, login, body, deadlineMs }: Question): Promise<Answer> {
  const { request } = url.startsWith("https:") ? https : http;
  const options: https.RequestOptions = {
    ...credentials,
    method: body === undefined ? "GET" : "POST",
    signal: AbortSignal.timeout(deadlineMs),
    // A connection of its own: the process ends right after.
    agent: false,
    ...(login && { auth: `${login.user}:${login.password}` }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", (error) =>
      reject(
        error.name === "AbortError" || error.name === "TimeoutError"
          ? new Error(`no answer within ${deadlineMs} ms`)
          : error,
      ),
    );
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
