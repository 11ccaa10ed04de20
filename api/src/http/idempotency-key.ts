import { createHash } from "node:crypto";
import { Problem } from "./problem.ts";

const PRINTABLE = /^[\x21-\x7e]{1,255}$/;

/**
 * What a write is known by, so that it can be sent again and is done once: from its header `Idempotency-Key`
 * (draft-ietf-httpapi-idempotency-key-header) and what it writes, so that a key that is used again for something else is
 * another request. 128 bits as hexadecimal digits; null without the header. Throws Problem 400.
 *
 * @param content what is written, the same text whenever it is the same
 */
export function requestIdentity(request: Request, content: string): string | null {
  const key = request.headers.get("idempotency-key");
  if (key === null) return null;
  if (!PRINTABLE.test(key)) throw new Problem(400, "Idempotency-Key must be 1 to 255 visible ASCII characters");
  return createHash("sha256").update(`${key}\n${content}`).digest("hex").slice(0, 32);
}
