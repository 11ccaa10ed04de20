import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../computer/parse-json.ts";
import type { Inventory } from "./inventory.ts";

const Login = z.object({ user: z.string(), password: z.string() });
const Logins = z.record(z.string(), Login);
type Login = z.infer<typeof Login>;

type Secrets = Pick<Inventory, "secretsFolder">;

/** A secret that the playbook makes is missing, not readable by this account, or damaged. */
export class SecretsError extends Error {
  override readonly name = "SecretsError";
}

/** The logins of the stand's services (haproxy, patroni, database, ...), as the playbook wrote them. @throws {SecretsError} */
export async function readLogins(inventory: Secrets): Promise<Readonly<Record<string, Login>>> {
  const file = "logins.json";
  const parsed = Logins.safeParse(parseJson(await readSecret(inventory, file)));
  if (parsed.success) return parsed.data;
  throw new SecretsError(`${join(inventory.secretsFolder, file)} is damaged: ${z.prettifyError(parsed.error)}`);
}

/** @throws {SecretsError} */
export async function loginOf(inventory: Secrets, service: string): Promise<Login> {
  const { [service]: login } = await readLogins(inventory);
  if (login !== undefined) return login;
  throw new SecretsError(`The stand has no login for ${service} yet: \`ring up --provision\` creates it.`);
}

/** The certificate authority of the stand's servers, as PEM. @throws {SecretsError} */
export const readAuthority = (inventory: Secrets): Promise<string> => readSecret(inventory, "ca/ca.crt");

/** What a TLS client needs to be the operator, as PEM. @throws {SecretsError} */
export async function operatorTls(inventory: Secrets) {
  const ca = await readAuthority(inventory);
  const cert = await readSecret(inventory, "certificates/operator.crt");
  return { ca, cert, key: await readSecret(inventory, "certificates/operator.key") };
}

/** How a client logs in to a server of the monitoring, and which authority it trusts. @throws {SecretsError} */
export async function serverLogin(inventory: Secrets, service: "prometheus" | "alertmanager") {
  return { ...(await loginOf(inventory, service)), ca: await readAuthority(inventory) };
}

async function readSecret({ secretsFolder }: Secrets, name: string): Promise<string> {
  const file = join(secretsFolder, name);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new SecretsError(`${file} does not exist: the playbook has not been run for this stand yet`);
    if (code === "EACCES") throw new SecretsError(`${file} may not be read by this account`);
    throw error;
  }
}
