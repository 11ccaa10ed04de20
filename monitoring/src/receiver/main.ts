/**
 * The process of the lab's receiver of alerts, inside the stand's network: `--url` where it accepts notifications, `--secrets` the
 * folder of the stand's logins and certificates, `--folder` for the log of alerts and the receiver's report.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { loginOf, messageOf, readCertificate } from "@goldenring/stand";
import { alertLogIn, appendToAlertLog, lastHeartbeat } from "./alert-log.ts";
import { createReceiver, receiverReport } from "./receiver.ts";

const text = { type: "string", default: "" } as const;
const { url, secrets, folder } = parseArgs({ options: { url: text, secrets: text, folder: text } }).values;
let heartbeatAt: string | undefined;
try {
  const { pathname, hostname, port, href } = new URL(url);
  const server = createReceiver({
    tls: await readCertificate({ secretsFolder: secrets }, "operator/alert-receiver"),
    path: pathname,
    // Read for each request: a restored snapshot has other passwords.
    token: async () => (await loginOf({ secretsFolder: secrets }, "alert_receiver")).password,
    keep: (notification) => {
      appendToAlertLog(alertLogIn(folder), notification);
      heartbeatAt = lastHeartbeat([notification]) ?? heartbeatAt;
    },
  });
  const stopped = Promise.race(["SIGINT", "SIGTERM"].map((signal) => once(process, signal)));
  const listening = once(server, "listening");
  server.listen(Number(port), hostname);
  await listening;
  receiverReport.keep(folder, () => ({ url: href, heartbeatAt }));
  await stopped;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}
process.exit(0);
