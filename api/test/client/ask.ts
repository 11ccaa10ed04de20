import { type Answer, WireConnection } from "./connection.ts";

export interface Asking {
  /** Null leaves out a header that would be there otherwise: Host, Content-Type, Content-Length. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; an array goes out as the chunks of a body of unknown length. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  readonly deadlineMs?: number;
}

/** Sends a request on a new connection. The path is sent as it is written: `ask(replica, "GET /Cities/../x")`. */
export async function ask(server: { readonly url: string }, line: string, asking: Asking = {}): Promise<Answer> {
  const connection = await WireConnection.open(server.url);
  try {
    return await askOn(connection, line, asking);
  } finally {
    connection.destroy();
  }
}

/** Asks on a connection that stays open. */
export function askOn(connection: WireConnection, line: string, asking: Asking = {}): Promise<Answer> {
  for (const bytes of requestBytes(line, asking)) connection.write(bytes);
  return connection.answer({
    toHead: line.startsWith("HEAD "),
    ...(asking.deadlineMs === undefined ? {} : { deadlineMs: asking.deadlineMs }),
  });
}

function requestBytes(line: string, asking: Asking): Uint8Array[] {
  const content = asking.json === undefined ? asking.body : JSON.stringify(asking.json);
  const chunks = Array.isArray(content) ? content.map(bytesOf) : undefined;
  const whole = content === undefined || chunks ? undefined : bytesOf(content as string | Uint8Array);
  const headers: Record<string, string | null> = {
    host: "localhost",
    ...(content === undefined ? {} : { "content-type": "application/json" }),
    ...(whole ? { "content-length": String(whole.length) } : {}),
    ...(chunks ? { "transfer-encoding": "chunked" } : {}),
    ...asking.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
  const head = Buffer.from(`${line} HTTP/1.1\r\n${lines.join("")}\r\n`);
  if (whole) return [Buffer.concat([head, whole])];
  if (!chunks) return [head];
  return [head, ...chunks.map(chunkFrame), Buffer.from("0\r\n\r\n")];
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : content;
}

function chunkFrame(chunk: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]);
}
