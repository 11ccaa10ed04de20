import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Inventory } from "./inventory.ts";

const Login = z.object({ user: z.string(), password: z.string() });
const Logins = z.record(z.string(), Login);

export type Login = z.infer<typeof Login>;

/**
 * The logins of the stand's services (haproxy, patroni, database, ...), as the playbook wrote them.
 *
 * @throws when the file is missing (the playbook has not run yet), not readable by this account, or damaged
 */
export async function readLogins(
  inventory: Pick<Inventory, "secretsFolder">,
): Promise<Readonly<Record<string, Login>>> {
  const file = join(inventory.secretsFolder, "logins.json");
  const parsed = Logins.safeParse(JSON.parse(await readText(file)));
  if (!parsed.success) throw new Error(`${file} is damaged: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new Error(`${file} does not exist: the playbook has not been run for this stand yet`);
    if (code === "EACCES") throw new Error(`${file} may not be read by this account`);
    throw error;
  }
}
