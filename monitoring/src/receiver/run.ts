import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loginOf, ProgramReport, readCertificate, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";
import { AlertLog } from "./alert-log.ts";
import { createReceiver } from "./receiver.ts";

export interface RunOptions {
  /** Where it listens and accepts notifications: `https://10.88.0.1:9094/alerts`. */
  readonly url: URL;
  /** Existing folder for the log of alerts and the receiver's report. */
  readonly folder: string;
  /** Holds the logins of the stand; the sender's token is the password of `alert_receiver`. */
  readonly secretsFolder: string;
  /** Ends the receiver. */
  readonly signal: AbortSignal;
}

const Details = z.object({
  /** Where it accepts notifications. */
  url: z.string(),
});
export type ReceiverReport = SignOfLife & z.output<typeof Details>;

export const receiverReport = new ProgramReport("alert-receiver.json", Details);

/**
 * The receiver as arguments of Bun, to be started in the stand's network; the caller appends `--folder`, for its log and its report.
 *
 * @param url see {@link RunOptions}
 */
export function receiverProgram(url: string, secretsFolder: string): string[] {
  return [fileURLToPath(new URL("main.ts", import.meta.url)), "--url", url, "--secrets", secretsFolder];
}

/** The log of alerts in a stand's folder. */
export const alertLogIn = (folder: string): string => join(folder, "alerts.jsonl");

/** Receives until the signal. @throws when the address is in use or not of this computer */
export async function runReceiver({ url, folder, secretsFolder, signal }: RunOptions): Promise<void> {
  const log = new AlertLog(alertLogIn(folder));
  const server = createReceiver({
    tls: await readCertificate({ secretsFolder }, "operator/alert-receiver"),
    path: url.pathname,
    // Read for each request: a restored snapshot has other passwords.
    token: async () => (await loginOf({ secretsFolder }, "alert_receiver")).password,
    keep: (notification) => log.append(notification),
  });
  const listening = once(server, "listening");
  server.listen(Number(url.port), url.hostname);
  await listening;
  const report = receiverReport.keep(folder, () => ({ url: url.href }));
  if (!signal.aborted) await once(signal, "abort");
  report.stop();
  server.close();
  server.closeAllConnections();
}
