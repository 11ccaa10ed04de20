import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../computer/files.ts";
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

/**
 * The stand's certificate authorities by who trusts them. `servers`: the clients of PostgreSQL, Patroni and etcd. `monitoring`: Prometheus,
 * people, and those who ask for metrics and statistics.
 */
export type Authority = "servers" | "monitoring" | "kubernetes";

export const authorityFile = ({ secretsFolder }: Secrets, authority: Authority): string =>
  join(secretsFolder, authorityName(authority));

const authorityName = (authority: Authority): string => `authorities/${authority}/ca.crt`;

/** The certificate of an authority, as PEM. @throws {SecretsError} */
export const readAuthority = (inventory: Secrets, authority: Authority): Promise<string> =>
  readSecret(inventory, authorityName(authority));

/** What a client of etcd needs beside a login, as PEM. @throws {SecretsError} */
export async function etcdTls(inventory: Secrets) {
  const ca = await readAuthority(inventory, "servers");
  return { ca, ...(await readCertificate(inventory, "operator/etcd")) };
}

/** A certificate and its key, as PEM. @param name the machine and the purpose: `operator/etcd`. @throws {SecretsError} */
export async function readCertificate(inventory: Secrets, name: string) {
  const cert = await readSecret(inventory, `certificates/${name}.crt`);
  return { cert, key: await readSecret(inventory, `certificates/${name}.key`) };
}

/** How a client logs in to a server of the monitoring, and which authority it trusts. @throws {SecretsError} */
export async function serverLogin(inventory: Secrets, service: "prometheus" | "alertmanager") {
  return { ...(await loginOf(inventory, service)), ca: await readAuthority(inventory, "monitoring") };
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
