import { Problem } from "./problem.ts";

/**
 * Reads a JSON body. Throws Problem: 413, 415, or 400 for what is not JSON. Integers beyond 2^53 become bigint, and
 * fractions that would be rounded to an integer become NaN: nothing is rounded before the schema has seen it.
 */
export async function readJson(request: Request, limitBytes: number): Promise<unknown> {
  requireJson(request.headers);
  return parseJson(await readText(request, limitBytes));
}

let lastGoodType = "application/json";

function requireJson(headers: Headers): void {
  const contentType = headers.get("content-type") ?? "";
  // Nearly every request has the same type as the last one.
  if (contentType !== lastGoodType) {
    requireJsonType(contentType);
    lastGoodType = contentType;
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity")
    throw new Problem(415, "send the body without a Content-Encoding", { headers: { "accept-encoding": "identity" } });
}

function requireJsonType(contentType: string): void {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  const json = /^application\/(?:[\w.!#$&^-]+\+)?json$/.test(type.trim());
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (!json || !utf8)
    throw new Problem(415, "send the body as application/json in UTF-8", { headers: { accept: "application/json" } });
}

async function readText(request: Request, limitBytes: number): Promise<string> {
  const tooLarge = () => new Problem(413, `the body may have at most ${limitBytes} bytes`);
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > limitBytes) throw tooLarge();
  const bytes = declared === null ? await readStream(request, limitBytes, tooLarge) : await request.bytes();
  if (bytes.length > limitBytes) throw tooLarge();
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Problem(400, "the body is not valid UTF-8");
  }
}

/** For a body of unknown length: stops reading at the limit instead of trusting the client. */
async function readStream(request: Request, limitBytes: number, tooLarge: () => Problem): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limitBytes) throw tooLarge();
  }
  return Buffer.concat(chunks);
}

function parseJson(text: string): unknown {
  try {
    // Only numbers with many digits can be rounded, and the reviver that sees the source costs several times as much.
    return MANY_DIGITS.test(text) ? JSON.parse(text, exactNumbers) : JSON.parse(text);
  } catch {
    throw new Problem(400, "the body is not valid JSON");
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
/** Numbers with fewer digits are exact as a double. */
const MANY_DIGITS = /\d[\d.]{15}/;

/** The third argument is ECMAScript 2026's access to the source text of a value. */
function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  // A number whose fraction was rounded away must not pass as a whole number.
  const rounded = Number.isInteger(value) && MANY_DIGITS.test(source) && !/^-?\d+\.0+$/.test(source);
  return rounded ? Number.NaN : value;
}
