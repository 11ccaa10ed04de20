import { fileURLToPath } from "node:url";
import { ProgramReport, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";
import { MAX_CONNECTIONS } from "./receiver.ts";

const Details = z.object({
  /** Where it accepts notifications: `https://10.88.0.1:9094/alerts`. */
  url: z.string(),
  /** When the newest heartbeat (WATCHDOG) arrived since the start. */
  heartbeatAt: z.iso.datetime().optional(),
});
export type ReceiverReport = SignOfLife & z.output<typeof Details>;

export const receiverReport = new ProgramReport("alert-receiver.json", Details);

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
