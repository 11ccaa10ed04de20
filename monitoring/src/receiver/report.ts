import { fileURLToPath } from "node:url";
import { ProgramReport, type SignOfLife } from "@goldenring/stand";
import * as z from "zod";

const Details = z.object({
  /** Where it accepts notifications: `https://10.88.0.1:9094/alerts`. */
  url: z.string(),
});
export type ReceiverReport = SignOfLife & z.output<typeof Details>;

export const receiverReport = new ProgramReport("alert-receiver.json", Details);

/** The receiver as arguments of Bun, to be started in the stand's network; the caller appends `--folder`. See main.ts. */
export function receiverProgram(url: string, secretsFolder: string): string[] {
  return [fileURLToPath(new URL("main.ts", import.meta.url)), "--url", url, "--secrets", secretsFolder];
}
