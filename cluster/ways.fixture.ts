import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Who may reach what, as the firewalls' rules in the roles say: for docs/security.md, and for a scan of a stand. */

const CLUSTER = import.meta.dir;

/** One rule that lets something in. */
export interface Way {
  /** A group of machines, `all`, or a variable that names one machine. */
  readonly machines: string;
  readonly ports: readonly number[];
  /** Groups, `operator`, or variables of the inventory. */
  readonly sources: readonly string[];
  /** The rule's comment: what is there, and which identity it asks for. */
  readonly identity: string;
}

/** In the order of site.yml. */
const MACHINES: Readonly<Record<string, string>> = {
  base: "all",
  node_exporter: "all",
  etcd: "etcd",
  haproxy: "haproxy",
  patroni: "postgres",
  postgres_exporter: "postgres",
  backup: "backup_host",
  weather_api: "api",
  kubernetes: "kubernetes",
  ingress: "ingress",
  alertmanager: "prometheus",
  prometheus: "prometheus",
  grafana: "grafana_host",
};
const RULE =
  /^ *ip saddr \{ (?<sources>.+) \} (?:tcp|meta l4proto \{ tcp, udp \} th) dport (?:\{ )?(?<ports>[\d, ]+?)(?: \})? accept comment "(?<identity>.+)"$/;
const SOURCE = /(\w+?)_addresses|(\w+_clients)|address_of\[(backup_host)\]/g;
/** Where a role's rule depends on the machine. */
const BY_GROUP = /\((?<there>.+) if '(?<group>\w+)' in group_names else (?<elsewhere>.+)\)/;

/** @throws {Error} with a rule that it cannot read */
export function waysIn(): Way[] {
  const files = [...new Bun.Glob("roles/*/{tasks,templates}/*").scanSync(CLUSTER)].sort();
  const lines = files.flatMap((file) => {
    const text = readFileSync(join(CLUSTER, file), "utf8").replaceAll(/ \\\n +/g, " ");
    return (text.match(/^.*\bdport\b.* accept.*$/gm) ?? []).map((line) => ({ role: file.split("/")[1] ?? "", line }));
  });
  const order = Object.keys(MACHINES);
  return lines
    .sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role))
    .flatMap(({ role, line }) => read(role, line));
}

function read(role: string, line: string): Way[] {
  const { sources, ports, identity } = RULE.exec(line)?.groups ?? {};
  const machines = MACHINES[role];
  if (!sources || !ports || !identity || !machines) throw new Error(`${role}: a rule of another form: ${line.trim()}`);
  const way = (machines: string, expression: string): Way => ({
    machines,
    ports: ports.split(", ").map(Number),
    sources: [...expression.matchAll(SOURCE)].map(([, group, variable, host]) => group ?? variable ?? host ?? ""),
    identity,
  });
  const { there, group, elsewhere } = BY_GROUP.exec(sources)?.groups ?? {};
  return there && group && elsewhere ? [way(group, there), way(machines, elsewhere)] : [way(machines, sources)];
}
