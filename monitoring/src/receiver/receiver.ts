import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import * as z from "zod";
import { type Notification, WebhookMessage } from "./notification.ts";

export interface ReceiverOptions {
  /** Where notifications are accepted: `/alerts`. */
  readonly path: string;
  /** What a sender must know (`Authorization: Bearer`); asked for each notification, and may throw while it is not known yet. */
  readonly token: () => Promise<string>;
  /** Keeps a notification; may throw, and then the sender tries again. */
  readonly keep: (notification: Notification) => void;
}

/** Bytes. An alert has about 1,000. */
const LARGEST_BODY = 2_000_000;
/** Milliseconds for a whole request. */
const DEADLINE = 10_000;
const CONNECTIONS = 64;

/** The answer to a request; the sender tries again at 5xx and not at 4xx. */
interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Takes Alertmanager's notifications. It knows one sender and refuses everybody else. */
export function createReceiver(options: ReceiverOptions): Server {
  const server = createServer((request, response) => {
    // Of whoever sends slowly or not at all.
    const timer = setTimeout(() => request.destroy(), DEADLINE);
    response.on("close", () => clearTimeout(timer));
    replyTo(request, options).then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  server.maxConnections = CONNECTIONS;
  return server;
}

async function replyTo(request: IncomingMessage, options: ReceiverOptions): Promise<Reply> {
  const [path] = (request.url ?? "").split("?");
  if (path === "/healthz") return { status: 200, text: "ok" };
  if (path !== options.path) return { status: 404, text: `notifications are taken at ${options.path}` };
  if (request.method !== "POST") return { status: 405, text: "POST is expected", headers: { allow: "POST" } };
  return (await refusalOf(request, options.token)) ?? take(await bodyOf(request), options.keep);
}

async function refusalOf({ headers }: IncomingMessage, token: ReceiverOptions["token"]): Promise<Reply | undefined> {
  let expected: string;
  try {
    expected = await token();
  } catch (error) {
    return { status: 503, text: `the token is not known: ${messageOf(error)}` };
  }
  if (isSame(headers.authorization ?? "", `Bearer ${expected}`)) return undefined;
  return { status: 401, text: "the token is another one", headers: { "www-authenticate": "Bearer" } };
}

/** Takes the same time whatever was guessed. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

/** @returns undefined for one that is too large; its rest is not read */
function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST_BODY) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
    request.on("close", () => reject(new Error("the sender has gone")));
  });
}

function take(body: string | undefined, keep: ReceiverOptions["keep"]): Reply {
  const arrivedAt = new Date().toISOString();
  if (body === undefined) return { status: 413, text: `at most ${LARGEST_BODY} bytes are taken` };
  const message = WebhookMessage.safeParse(parseJson(body));
  if (!message.success) return { status: 400, text: z.prettifyError(message.error) };
  try {
    keep({ arrivedAt, ...message.data });
  } catch (error) {
    return { status: 503, text: `the notification cannot be kept: ${messageOf(error)}` };
  }
  return { status: 200, text: "kept" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, text, headers }: Reply): void {
  // A body that was not read to its end would be taken for the next request.
  const end = status === 200 ? {} : { connection: "close" };
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...end, ...headers });
  response.end(`${text}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
