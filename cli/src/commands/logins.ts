import { readLogins } from "@goldenring/stand";
import type { Context } from "../context.ts";
import { EXIT } from "../exit.ts";
import { table } from "../status-text.ts";

/** Shows the users and passwords of the stand's services. */
export async function logins(context: Context, asJson: boolean): Promise<number> {
  const found = await readLogins(await context.inventory());
  const rows = Object.entries(found).map(([name, { user, password }]) => [name, user, password]);
  process.stdout.write(`${asJson ? JSON.stringify(found, null, 2) : table(rows).join("\n")}\n`);
  return EXIT.ok;
}
