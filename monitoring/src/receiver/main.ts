/** The process of the lab's receiver of alerts, inside the stand's network. */
import { parseArgs } from "node:util";
import { runReceiver } from "./run.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
try {
  const text = { type: "string", default: "" } as const;
  const { url, secrets, folder } = parseArgs({ options: { url: text, secrets: text, folder: text } }).values;
  await runReceiver({ url: new URL(url), secretsFolder: secrets, folder, signal: stop.signal });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
process.exit(0);
