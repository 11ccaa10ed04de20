/** A cluster of one control plane and two nodes, and a machine with a PostgreSQL that knows nothing of it: a stand of the lab for the tests alone. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { endsWithThisProcess } from "../../cli/src/playbook.ts";
import { Lab } from "../../lab/src/index.ts";
import {
  bunProgram,
  CHECKOUT,
  inNamespace,
  type Machine,
  machineNamed,
  readInventory,
  runOn,
  runOrThrow,
  runProgram,
} from "../../stand/src/index.ts";

const lab = new Lab({ stand: "chart" });
const MACHINES = ["pg-01", "k8s-01", "k8s-02", "k8s-03"];
export const FOLDER = dirname(lab.inventory);
const NAMESPACE = "weather";
const NODE_PORT = 8080;
const STEP_MS = 180_000;
const USER_PASSWORD = "of-the-weather";

/** Other roles of the playbook look for these groups. */
const EMPTY_GROUPS = "all: {children: {etcd: {}, haproxy: {}}}\n";

const DATABASE = `
  set -e
  bin=/usr/lib/postgresql/17/bin data=/var/lib/postgresql/weather
  runuser -u postgres -- $bin/initdb --pgdata=$data --auth=trust >/dev/null
  echo 'host weather weather 0.0.0.0/0 scram-sha-256' >>$data/pg_hba.conf
  runuser -u postgres -- $bin/pg_ctl --pgdata=$data --wait --log=/dev/null \
    --options='-c listen_addresses=* -c unix_socket_directories=/tmp' start </dev/null >/dev/null 2>&1
  runuser -u postgres -- $bin/psql --host=/tmp --quiet --set=ON_ERROR_STOP=1 \
    --command="CREATE ROLE weather LOGIN PASSWORD '${USER_PASSWORD}'" --command='CREATE DATABASE weather OWNER weather'
`;

export type Values = Readonly<Record<string, unknown>>;
export type Cluster = Awaited<ReturnType<typeof openCluster>>;

/** Makes it from nothing; what is built or downloaded is cached. */
export async function openCluster() {
  const [image] = await Promise.all([makeImage(), makeMachines()]);
  const inventory = await readInventory(lab.inventory);
  const [database, controlPlane] = ["pg-01", "k8s-01"].map((name) => machineNamed(inventory, name));
  if (database === undefined || controlPlane === undefined)
    throw new Error("the stand of this test has other machines");
  const { all } = Bun.YAML.parse(readFileSync(lab.inventory, "utf8")) as { all: { vars: Record<string, string> } };
  const { kubernetes_kubeconfig, kubernetes_helm = "", kubernetes_kubectl = "" } = all.vars;
  const command =
    (program: string) =>
    (words: readonly string[], input = "") =>
      runProgram(
        inNamespace(inventory, [
          program,
          `--kubeconfig=${kubernetes_kubeconfig}`,
          `--namespace=${NAMESPACE}`,
          ...words,
        ]),
        { deadlineMs: STEP_MS, input },
      );
  const [helm, kubectl] = [command(kubernetes_helm), command(kubernetes_kubectl)];
  await Promise.all([provision(), on(database, DATABASE)]);
  const url = `postgres://weather:${USER_PASSWORD}@${database.address}/weather`;
  const objects = [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "weather-db" }, stringData: { url } },
  ];
  for (const object of objects) succeeded(await kubectl(["apply", "--filename=-"], JSON.stringify(object)));
  return {
    inventory,
    /** Through the port of a node that runs no pods. */
    url: `http://${controlPlane.address}:${NODE_PORT}`,
    /** The image, and how the tests reach the service. */
    values: {
      image: { repository: "localhost/goldenring", tag: image, pullPolicy: "Never" },
      service: { type: "NodePort", nodePort: NODE_PORT },
    },
    helm,
    kubectl: async (...words: readonly string[]) => succeeded(await kubectl(words)),
    sql: (statement: string) =>
      on(database, `runuser -u postgres -- psql -h /tmp -qAtX weather <<'END'\n${statement};\nEND\n`),
  };
}

function succeeded({ code, stdout, stderr }: Awaited<ReturnType<typeof runProgram>>): string {
  if (code !== 0) throw new Error(stderr + stdout);
  return stdout;
}

const on = async (machine: Machine, script: string): Promise<string> =>
  succeeded(await runOn(machine, script, { deadlineMs: STEP_MS }));

/** @returns its tag on the nodes, as the playbook makes it */
async function makeImage(): Promise<string> {
  const options = { deadlineMs: STEP_MS, folder: CHECKOUT };
  await runOrThrow(bunProgram(join(CHECKOUT, "api/bundle.ts")), options);
  const made = await runOrThrow(bunProgram(join(CHECKOUT, "image/src/main.ts"), "--tag", "lab"), options);
  const file = readFileSync(join(CHECKOUT, made.trim().split("\n").at(-1)?.trim() ?? ""));
  return createHash("sha256").update(file).digest("hex").slice(0, 12);
}

async function makeMachines(): Promise<void> {
  await lab.destroy();
  await lab.up({ machines: MACHINES, platform: "kubernetes" });
}

async function provision(): Promise<void> {
  const empty = join(FOLDER, "empty-groups.yml");
  writeFileSync(empty, EMPTY_GROUPS);
  const inventories = ["-i", lab.inventory, "-i", empty];
  const roles = ["--limit", "kubernetes", "--tags", "base,kubernetes", "--skip-tags", "chart"];
  await runOrThrow(endsWithThisProcess(["ansible-playbook", ...inventories, ...roles, "site.yml"]), {
    deadlineMs: STEP_MS,
    folder: join(CHECKOUT, "cluster"),
  });
}
