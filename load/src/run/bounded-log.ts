import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";

/** k6 writes a line for every failed request: of a target that is down, thousands a second. Bytes. */
const MOST = 1_000_000;

/** Keeps the first megabyte of what a program says; the rest is read and dropped. Resolves when the program has said all. */
export async function keepLog(stream: Readable, file: string): Promise<void> {
  const log = createWriteStream(file);
  let kept = 0;
  let dropped = 0;
  stream.on("data", (chunk: Buffer) => {
    if (kept + chunk.length > MOST) {
      dropped += chunk.length;
      return;
    }
    kept += chunk.length;
    log.write(chunk);
  });
  await new Promise<void>((resolve) => stream.once("close", resolve));
  if (dropped > 0) log.write(`\n... and ${dropped} bytes more, which are not kept\n`);
  await new Promise<void>((resolve) => log.end(resolve));
}
