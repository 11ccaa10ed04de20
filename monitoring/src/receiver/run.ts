import { once } from "node:events";
import { join } from "node:path";
import { ProgramReport, readLogins, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";
import { AlertLog } from "./alert-log.ts";
import { createReceiver } from "./receiver.ts";

export interface RunOptions {
  /** Where it listens, and the path at which it takes notifications: `http://10.88.0.1:9094/alerts`. */
  readonly url: URL;
  /** Existing folder for the log of alerts and the receiver's report. */
  readonly folder: string;
  /** Holds the logins; the sender's token is the password of the one called alert_receiver. */
  readonly secretsFolder: string;
  /** Ends the receiver. */
  readonly signal: AbortSignal;
}

const LOGIN = "alert_receiver";

const Details = z.object({
  /** Where it accepts notifications. */
  url: z.string(),
});
export type ReceiverReport = SignOfLife & z.output<typeof Details>;

export const receiverReport = new ProgramReport("alert-receiver.json", Details);

/** The log of alerts in a stand's folder. */
export const alertLogIn = (folder: string): string => join(folder, "alerts.jsonl");

/** Receives until the signal comes. @throws when the address is taken or not this computer's */
export async function runReceiver({ url, folder, secretsFolder, signal }: RunOptions): Promise<void> {
  const log = new AlertLog(alertLogIn(folder));
  const server = createReceiver({
    path: url.pathname,
    // Each time anew: a snapshot that is put back brings other passwords.
    token: async () => tokenIn(await readLogins({ secretsFolder })),
    keep: (notification) => log.append(notification),
  });
  const listening = once(server, "listening");
  server.listen(Number(url.port), url.hostname);
  await listening;
  const report = receiverReport.keep(folder, () => ({ url: url.href }));
  await aborted(signal);
  report.stop();
  server.close();
  server.closeAllConnections();
}

function tokenIn(logins: Awaited<ReturnType<typeof readLogins>>): string {
  const login = logins[LOGIN];
  if (login !== undefined) return login.password;
  throw new Error(`the stand has no login ${LOGIN}: the playbook has not made one yet`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
