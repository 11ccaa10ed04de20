import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** @param template below roles/ @param inventories beside the example */
async function render(template: string, machine: string, variables: object = {}, ...inventories: readonly string[]) {
  const out = join(folder, "rendered");
  const [role] = template.split("/");
  const own = ["ingress", "backup", "patroni"].includes(role ?? "") ? [`${role}/defaults/main.yml`] : [];
  const shared = ["stand/defaults/main/stand.yml", "stand/defaults/main/timings.yml", "stand/vars/main.yml"];
  const child = Bun.spawn(
    [
      ...["ansible", machine, "-c", "local", "-m", "ansible.builtin.copy"],
      ...["inventory.example.yml", ...inventories].flatMap((file) => ["-i", file]),
      ...[...shared, ...own].flatMap((file) => ["-e", `@roles/${file}`]),
      ...["-e", `stand_secrets=${folder}`, "-e", '{"patroni_dynamic": {}, "ansible_become": false}'],
      ...["-e", JSON.stringify(variables)],
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
  "the firewall of a database machine leaves 20 of PostgreSQL's connections to the machine itself, and none of the API has more than 40",
  async () => {
    const rules = (await render("patroni/templates/postgres.nft.j2", "pg-01")).split("\n");
    const clients = "ip saddr { 10.0.0.5, 10.0.0.31, 10.0.0.32, 10.0.0.33 } tcp dport 5432";
    expect(rules.filter((rule) => rule.includes("5432"))).toEqual([
      expect.stringContaining("ip saddr { 10.0.0.11, 10.0.0.12 } tcp dport 5432 accept"),
      "ip saddr { 10.0.0.31, 10.0.0.32, 10.0.0.33 } tcp dport 5432 meter api_connections { ip saddr ct count over 40 } counter reject with tcp reset",
      `${clients} ct count over 180 counter reject with tcp reset`,
      expect.stringContaining(`${clients} accept`),
    ]);
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "the ingress has more buffers than connections, and limits every client but load generators before it reads anything",
  async () => {
    const config = await render("ingress/templates/haproxy.cfg.j2", "ingress");
    const numbers = (setting: string) =>
      [...config.matchAll(RegExp(`^ +${setting} (\\d+)`, "gm"))].map(([, n]) => Number(n));
    expect(numbers("maxconn")).toEqual([4100, 4000]);
    expect(numbers("tune.buffers.limit")).toEqual([6000]);
    expect([...config.matchAll(/tcp-request connection (.+)/g)].map(([, rule]) => rule)).toEqual([
      "accept if { src 10.0.0.250 }",
      "track-sc0 src,ipmask(32,64)",
      "reject if { sc0_conn_cur gt 200 } || { sc0_conn_rate gt 1000 }",
    ]);
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "pgBackRest accepts on a database machine the certificate of the machine with the backups, and there those of the members",
  async () => {
    const accepted = (text: string) => [...text.matchAll(/^tls-server-auth=(.*)=ring$/gm)].map(([, name]) => name);
    const renderOne = (machine: string) =>
      render("backup/templates/pgbackrest.conf.j2", machine, { repositories: [1] });
    const [member, host] = [await renderOne("pg-01"), await renderOne("prometheus")];
    expect([accepted(member), accepted(host)]).toEqual([["prometheus"], ["pg-01", "pg-02"]]);
    // A member gets the cipher's key from there when it needs it.
    expect([member, host].map((text) => text.includes("cipher-pass"))).toEqual([false, true]);
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "the configuration of one repository does not name the other, and numbers it as the first",
  async () => {
    const backup_s3 = { endpoint: "s3:9000", bucket: "b", key: "k", key_secret: "s", uri_style: "path" };
    const options = async (machine: string, repositories: readonly number[]) => {
      const text = await render("backup/templates/pgbackrest.conf.j2", machine, { repositories, backup_s3 });
      return [...text.matchAll(/^(repo\d-(?:host|path|type|s3-bucket|cipher-type))=(.*)$/gm)].map(
        ([, key, value]) => `${key} ${value}`,
      );
    };
    expect(await options("pg-01", [2])).toEqual([
      ...["repo1-type s3", "repo1-path /ring", "repo1-s3-bucket b", "repo1-cipher-type aes-256-cbc"],
    ]);
    expect(await options("pg-01", [1, 2])).toEqual([
      ...[
        "repo1-host prometheus",
        "repo2-type s3",
        "repo2-path /ring",
        "repo2-s3-bucket b",
        "repo2-cipher-type aes-256-cbc",
      ],
    ]);
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "the memory settings of a replica follow its memory by the rule of docs/api.md, and are those of the chart",
  async () => {
    const chart = readFileSync(join(import.meta.dir, "../charts/test/golden/everything.yaml"), "utf8");
    const ofChart = /memory: 256Mi[\s\S]*BUN_JSC_forceRAMSize, value: "(\d+)"/.exec(chart)?.[1];
    const variables = { api_database_hosts: ["haproxy:5000"], database_user_password: "p" };
    for (const memoryMiB of [128, 256]) {
      const text = await render("weather_api/templates/api.env.j2", "api-01", {
        ...variables,
        api_memory_mib: memoryMiB,
      });
      const settingOf = (name: string) =>
        Number(
          text
            .split("\n")
            .find((line) => line.startsWith(`${name}=`))
            ?.slice(name.length + 1),
        );
      expect(settingOf("MODEL_MEMORY_BUDGET_MB")).toBe(memoryMiB - 80);
      expect(settingOf("BUN_JSC_forceRAMSize")).toBe(memoryMiB * 2 ** 20 * 0.75);
      if (memoryMiB === 256) expect(settingOf("BUN_JSC_forceRAMSize")).toBe(Number(ofChart));
    }
  },
  DEADLINE_MS,
);

test.skipIf(!isGiven)(
  "on Kubernetes Prometheus finds the replicas through the API server, and reads the nodes with its certificate; elsewhere it reads machines",
  async () => {
    const nodes = join(folder, "nodes.yml");
    const hosts = { "k8s-01": { ansible_host: "10.0.0.71" }, "k8s-02": { ansible_host: "10.0.0.72" } };
    writeFileSync(nodes, JSON.stringify({ kubernetes: { hosts }, api: { hosts: { "k8s-02": {} } } }));
    const jobsOf = async (...inventories: readonly string[]) => {
      const text = await render("prometheus/templates/prometheus.yml.j2", "prometheus", { names: [] }, ...inventories);
      const { scrape_configs } = Bun.YAML.parse(text) as {
        scrape_configs: { job_name: string; [key: string]: unknown }[];
      };
      return Object.fromEntries(scrape_configs.map(({ job_name, ...job }) => [job_name, job]));
    };
    const [jobs, ofMachines] = [await jobsOf(nodes), await jobsOf()];
    const own = { tls_config: expect.objectContaining({ cert_file: "/etc/prometheus/kubernetes/client.crt" }) };
    const target = (machine: string, port: number) => {
      return { targets: [`${machine}:${port}`], labels: { machine, group: "kubernetes" } };
    };
    expect(jobs.api).toMatchObject({ kubernetes_sd_configs: [{ api_server: "https://k8s-01:6443", ...own }] });
    expect(jobs.kubelet).toMatchObject({ ...own, static_configs: [target("k8s-01", 10250), target("k8s-02", 10250)] });
    expect(jobs.apiserver).toMatchObject({ ...own, static_configs: [target("k8s-01", 6443)] });
    expect(jobs["kube-state-metrics"]).toBeDefined();
    expect(Object.keys(jobs).filter((name) => !(name in ofMachines))).toEqual([
      "kubelet",
      "apiserver",
      "kube-state-metrics",
    ]);
    expect(ofMachines.api).not.toHaveProperty("kubernetes_sd_configs");
  },
  DEADLINE_MS,
);
