/** Reads each URL with Node's fetch and prints a line of JSON: the client, the URL, the encoding of the answer, and what it decoded to. */
import { createHash } from "node:crypto";

for (const url of process.argv.slice(2)) {
  const answer = await fetch(url);
  const body = Buffer.from(await answer.arrayBuffer());
  const sha256 = createHash("sha256").update(body).digest("hex");
  const encoding = answer.headers.get("content-encoding") ?? "";
  console.log(
    JSON.stringify({
      client: `Node ${process.version}`,
      url,
      status: answer.status,
      encoding,
      sha256,
      bytes: body.length,
    }),
  );
}
