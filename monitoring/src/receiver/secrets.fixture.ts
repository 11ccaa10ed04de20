import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../../cluster/roles/secrets/files/issue-certificates", import.meta.url));

/** Makes the receiver's certificate in a folder of secrets, as the playbook does. @returns its authority, as PEM */
export function makeReceiverCertificate(secretsFolder: string): string {
  execFileSync(SCRIPT, [secretsFolder, "lab"], {
    input: "monitoring operator/alert-receiver operator serverAuth IP:127.0.0.1\n",
  });
  return readFileSync(join(secretsFolder, "authorities/monitoring/ca.crt"), "utf8");
}
