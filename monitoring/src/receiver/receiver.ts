import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { fileURLToPath } from "node:url";
import { messageOf, parseJson, programReport, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";
import { type Notification, WebhookMessage } from "./alert-log.ts";

export interface ReceiverOptions {
  /** The sender's token must not be read on the way. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly path: string;
  /** The token of the sender (`Authorization: Bearer`). Called for each notification; throws while there is none yet. */
  readonly token: () => Promise<string>;
  /** Stores a notification. When it throws, the sender tries again. */
  readonly keep: (notification: Notification) => void;
}

/** An alert has about 1,000 bytes. */
const MAX_BODY_BYTES = 2_000_000;
const REQUEST_DEADLINE_MS = 10_000;
const MAX_CONNECTIONS = 64;

/** The sender retries at 5xx and not at 4xx. */
interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Accepts the notifications of one Alertmanager, and refuses all other senders. */
export function createReceiver(options: ReceiverOptions): Server {
  const server = createServer({ ...options.tls, minVersion: "TLSv1.3" }, (request, response) => {
    // Ends senders that are slow or silent.
    const timer = setTimeout(() => request.destroy(), REQUEST_DEADLINE_MS);
    response.on("close", () => clearTimeout(timer));
    replyTo(request, options).then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function replyTo(request: IncomingMessage, options: ReceiverOptions): Promise<Reply> {
  const [path] = (request.url ?? "").split("?");
  if (path === "/healthz") return { status: 200, text: "ok" };
  if (path !== options.path) return { status: 404, text: `send notifications to ${options.path}` };
  if (request.method !== "POST") return { status: 405, text: "use POST", headers: { allow: "POST" } };
  return (await refusalOf(request, options.token)) ?? take(await bodyOf(request), options.keep);
}

async function refusalOf({ headers }: IncomingMessage, token: ReceiverOptions["token"]): Promise<Reply | undefined> {
  let expected: string;
  try {
    expected = await token();
  } catch (error) {
    return { status: 503, text: `the token of the sender is not known: ${messageOf(error)}` };
  }
  if (isSame(headers.authorization ?? "", `Bearer ${expected}`)) return undefined;
  return { status: 401, text: "wrong token", headers: { "www-authenticate": "Bearer" } };
}

/** In constant time, so that a token cannot be guessed letter by letter. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

/** @returns undefined for a body that is too large; the rest is not read */
function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
    request.on("close", () => reject(new Error("the sender closed the connection")));
  });
}

function take(body: string | undefined, keep: ReceiverOptions["keep"]): Reply {
  const arrivedAt = new Date().toISOString();
  if (body === undefined) return { status: 413, text: `more than ${MAX_BODY_BYTES} bytes` };
  const message = WebhookMessage.safeParse(parseJson(body));
  if (!message.success) return { status: 400, text: z.prettifyError(message.error) };
  try {
    keep({ arrivedAt, ...message.data });
  } catch (error) {
    return { status: 503, text: `the notification cannot be stored: ${messageOf(error)}` };
  }
  return { status: 200, text: "stored" };
}

function send(response: ServerResponse, { status, text, headers }: Reply): void {
  // The unread rest of a body must not be taken for the next request.
  const end = status === 200 ? {} : { connection: "close" };
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...end, ...headers });
  response.end(`${text}\n`);
}

const Details = z.object({
  /** Where it accepts notifications: `https://10.88.0.1:9094/alerts`. */
  url: z.string(),
  /** When the newest heartbeat (WATCHDOG) arrived since the start. */
  heartbeatAt: z.iso.datetime().optional(),
});
export type ReceiverReport = SignOfLife & z.output<typeof Details>;

export const receiverReport = programReport("alert-receiver.json", Details);

/** For nft in the stand's network: only the senders reach the receiver, which bounds their connections. */
export function receiverFirewall(url: string, senders: readonly string[]): string {
  const isNew = `tcp dport ${new URL(url).port} ct state new`;
  return `table inet receiver
delete table inet receiver
table inet receiver {
  chain input {
    type filter hook input priority filter; policy accept;
    ${isNew} ip saddr != { ${senders.join(", ")} } reject with tcp reset
    ${isNew} ct count over ${MAX_CONNECTIONS} reject with tcp reset
  }
}
`;
}

/** The receiver as arguments of Bun, to be started in the stand's network; the caller appends `--folder`. See main.ts. */
export function receiverProgram(url: string, secretsFolder: string): string[] {
  return [fileURLToPath(new URL("main.ts", import.meta.url)), "--url", url, "--secrets", secretsFolder];
}
