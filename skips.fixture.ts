/**
 * The one place that decides what becomes of a test whose program or condition is missing: it is skipped, and `npm test` lists
 * why at its end. With GOLDENRING_REQUIRE=all, as in CI, it fails.
 */
import { accessSync, appendFileSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Names the file that collects, one reason a line, why tests are skipped. */
export const SKIPPED_FILE_VARIABLE = "GOLDENRING_SKIPPED_FILE";

/** What brings each program that tests use. */
const INSTALLATION = {
  "ansible-inventory": "apt-get install ansible-core",
  "ansible-playbook": "apt-get install ansible-core",
  chromium: "apt-get install chromium, or Google Chrome",
  etcd: "apt-get install etcd-server",
  k6: "see docs/load.md",
  openssl: "apt-get install openssl",
  prometheus: "apt-get install prometheus",
  "prometheus-alertmanager": "apt-get install prometheus-alertmanager",
  promtool: "apt-get install prometheus",
} as const;

export type Program = keyof typeof INSTALLATION;

/**
 * Whether the tests that need `what` can run: `describe.skipIf(!isGiven("root", process.getuid?.() === 0))`.
 *
 * @throws where it is missing and must not be
 */
export function isGiven(what: string, given: boolean): boolean {
  if (given) return true;
  if (process.env.GOLDENRING_REQUIRE === "all") throw new Error(`GOLDENRING_REQUIRE=all, and here is missing: ${what}`);
  const file = process.env[SKIPPED_FILE_VARIABLE];
  if (file !== undefined) appendFileSync(file, `${what}\n`);
  return false;
}

/** Whether all these programs are installed: by default whether they are on PATH. */
export function hasProgram(program: Program, isInstalled = isOnPath(program)): boolean {
  return isGiven(`${program} (${INSTALLATION[program]})`, isInstalled);
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
