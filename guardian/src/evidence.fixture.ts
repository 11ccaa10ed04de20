import type { Client, Database, Evidence } from "./evidence.ts";

const WELL = { connected: 5, refused: 0, silent: 0 } as const;
export const SILENT = { connected: 0, refused: 0, silent: 4 } as const;

const client = (reach: Client["reach"]): Client => ({ heardMs: 100, reach });
const writer = (): Client => ({ ...client({}), waitingMs: 0, answeredMs: 200, slowMs: 5, waitsFor: null });
const database = (isPrimary: boolean, peer: string): Database => ({
  heardMs: 100,
  reach: { [peer]: WELL },
  sql: {
    answeredMs: 100,
    error: null,
    primary: isPrimary,
    standbyMs: null,
    diskMs: null,
    lockMs: null,
    standbys: isPrimary ? { "pg-02": { sync: "sync", flushed: "0/5000000" } } : null,
    receivedMs: isPrimary ? null : 100,
  },
  diskMs: 2,
  patroniMs: 300,
});

/** A stand on which all is well: pg-01 leads, pg-02 is synchronous. */
export function well(): Evidence {
  return {
    at: 1_700_000_000_000,
    rto: "fast",
    mode: "act",
    mayFence: true,
    etcdMs: 100,
    leader: "pg-01",
    synchronous: ["pg-02"],
    actedMs: null,
    clients: {
      "api-01": writer(),
      "api-02": writer(),
      "api-03": writer(),
      haproxy: client({ "pg-01": WELL, "pg-02": WELL }),
    },
    databases: { "pg-01": database(true, "pg-02"), "pg-02": database(false, "pg-01") },
  };
}

/** Changes parts of a database's evidence. */
export function withDatabase(
  evidence: Evidence,
  name: string,
  change: Partial<Database>,
  sql: Partial<Database["sql"]> = {},
): Evidence {
  const before = evidence.databases[name];
  if (before === undefined) throw new Error(name);
  const after = { ...before, ...change, sql: { ...before.sql, ...sql } };
  return { ...evidence, databases: { ...evidence.databases, [name]: after } };
}

/** All replicas wait for writes, and look whom they reach. */
export function waiting(
  evidence: Evidence,
  waitingMs: number,
  reach: Client["reach"] = { "pg-01": WELL, "pg-02": WELL },
): Evidence {
  const clients = Object.fromEntries(
    Object.entries(evidence.clients).map(([name, each]) => [
      name,
      each.waitingMs === undefined ? each : { ...each, waitingMs, slowMs: waitingMs, answeredMs: waitingMs, reach },
    ]),
  );
  return { ...evidence, clients };
}

/** The same for so long, a line each quarter of a second. */
export function lasting(evidence: Evidence, forMs: number): Evidence[] {
  const count = Math.floor(forMs / 250) + 1;
  return Array.from({ length: count }, (_, index) => ({ ...evidence, at: evidence.at + index * 250 }));
}
