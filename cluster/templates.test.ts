import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProgram } from "../skips.fixture.ts";

/** Templates of the roles, rendered by Ansible for the example inventory: what they say about who may do what. */

const DEADLINE_MS = 120_000;
const isGiven = hasProgram("ansible-playbook");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-templates-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** @param template below roles/ */
async function render(template: string, machine: string): Promise<string> {
  const out = join(folder, "rendered");
  const variables = ["stand/defaults/main/stand.yml", "stand/defaults/main/timings.yml", "stand/vars/main.yml"];
  const child = Bun.spawn(
    [
      ...["ansible", machine, "-i", "inventory.example.yml", "-c", "local", "-m", "ansible.builtin.copy"],
      ...variables.flatMap((file) => ["-e", `@roles/${file}`]),
      ...["-e", `stand_secrets=${folder}`, "-e", '{"patroni_dynamic": {}, "ansible_become": false}'],
      ...["-a", `content="{{ lookup('ansible.builtin.template', 'roles/${template}') }}" dest=${out}`],
    ],
    { cwd: import.meta.dir, env: { ...process.env, ANSIBLE_CONFIG: "ansible.cfg" }, stdout: "pipe", stderr: "pipe" },
  );
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(stdout + stderr);
  return readFileSync(out, "utf8");
}

test.skipIf(!isGiven)(
  "each certificate has one machine's names and the usage of its purpose, and clients with a password no common name",
  async () => {
    const lines = (await render("secrets/templates/certificates.j2", "etcd-01")).trim().split("\n");
    expect(lines.length).toBeGreaterThan(30);
    const usages = new Map([
      ["servers", ["serverAuth"]],
      ["monitoring", ["serverAuth"]],
      ["etcd-peers", ["serverAuth,clientAuth"]],
      ["etcd-clients", ["clientAuth"]],
      ["backups", ["serverAuth,clientAuth"]],
    ]);
    for (const line of lines) {
      const [authority = "", file = "", common = "", usage = "", ...names] = line.split(" ");
      const [machine] = file.split("/");
      expect(usages.get(authority)).toContain(usage);
      expect(names.filter((name) => /localhost|127\.|0\.0\.0\.0/.test(name))).toEqual([]);
      const others = file.endsWith("/postgres") ? ["DNS:haproxy", "IP:10.0.0.5"] : [];
      expect(names.filter((name) => name.startsWith("DNS:") && !others.includes(name))).toEqual([`DNS:${machine}`]);
      const expected = authority !== "etcd-clients" ? machine : file.endsWith("/etcd-root") ? "root" : "-";
      expect([file, common]).toEqual([file, expected ?? ""]);
    }
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "pg_hba has no way for the superuser into another database than postgres, and none without TLS from elsewhere",
  async () => {
    const patroni = Bun.YAML.parse(await render("patroni/templates/patroni.yml.j2", "pg-01")) as {
      postgresql: { pg_hba: string[]; pg_ident: string[] };
    };
    const rules = patroni.postgresql.pg_hba.map((rule) => rule.split(/\s+/));
    expect(rules.filter(([, , user]) => user === "postgres")).toEqual([["local", "postgres", "postgres", "peer"]]);
    expect(rules.filter(([, database, user]) => database === "all" || user === "all")).toEqual([]);
    const remote = rules.filter(([type]) => type !== "local");
    expect(new Set(remote.map(([type, , , , method]) => `${type} ${method}`))).toEqual(
      new Set(["hostssl scram-sha-256"]),
    );
    expect(patroni.postgresql.pg_ident.filter((map) => / (postgres|all)$/.test(map))).toEqual([]);
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "pgBackRest accepts on a database machine the certificate of the machine with the backups, and there those of the members",
  async () => {
    const accepted = (text: string) => [...text.matchAll(/^tls-server-auth=(.*)=ring$/gm)].map(([, name]) => name);
    expect(accepted(await render("backup/templates/pgbackrest.conf.j2", "pg-01"))).toEqual(["prometheus"]);
    expect(accepted(await render("backup/templates/pgbackrest.conf.j2", "prometheus"))).toEqual(["pg-01", "pg-02"]);
  },
  DEADLINE_MS,
);
