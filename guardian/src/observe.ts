import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  httpRequest,
  type Inventory,
  killGroup,
  type Machine,
  messageOf,
  parseJson,
  psql,
  readAuthority,
  shellQuote,
  sshAlone,
  startProgram,
} from "@goldenring/stand";
import * as z from "zod";
import type { Etcd, Shared } from "./etcd.ts";
import { Evidence, type Mode } from "./evidence.ts";

/** How often what is known becomes a line of evidence. */
export const TICK_MS = 250;
const ASK_API_MS = { calm: 500, worried: 250 } as const;
const ASK_ETCD_MS = 500;
const ASK_PATRONI_MS = 1_000;
const ANSWER_DEADLINE_MS = 1_000;
/** From such a wait on, replicas are asked more often. */
const WORRY_MS = 300;
/** A connection that brings nothing for so long is replaced. */
const SILENT_CONNECTION_MS = 12_000;
const RECONNECT_MS = 1_000;
const HEARTBEAT_MS = 1_000;
/** The disk of PostgreSQL's data on a database machine. */
const DATA_FOLDER = "/var/lib/postgresql";
const PORT = 5432;
const OBSERVER = readFileSync(join(import.meta.dirname, "observer.py"), "utf8");

const waits = (condition: string): string =>
  `(SELECT round(extract(epoch FROM max(clock_timestamp() - query_start)) * 1000) FROM pg_stat_activity WHERE state = 'active' AND ${condition})`;
/** One line of JSON. A canary is a write of the API like all others. */
const QUERY = `SELECT json_build_object(
  'primary', NOT pg_is_in_recovery(),
  'standbyMs', ${waits("wait_event = 'SyncRep'")},
  'diskMs', ${waits("application_name = 'goldenring writes' AND (wait_event_type = 'IO' OR wait_event IN ('WALWrite', 'WALInsert', 'WALBufMapping'))")},
  'lockMs', ${waits("application_name = 'goldenring writes' AND wait_event_type = 'Lock'")},
  'standbys', (SELECT json_object_agg(application_name, json_build_object('sync', sync_state, 'flushed', flush_lsn)) FROM pg_stat_replication),
  'receivedMs', (SELECT round(extract(epoch FROM clock_timestamp() - last_msg_receipt_time) * 1000) FROM pg_stat_wal_receiver))`.replaceAll(
  /\s+/g,
  " ",
);

const Reach = Evidence.shape.clients.valueType.shape.reach;
const DatabaseShape = Evidence.shape.databases.valueType.shape;
const ObserverLine = z.object({
  reach: Reach,
  sql: DatabaseShape.sql.optional(),
  diskMs: DatabaseShape.diskMs.optional(),
  freeMb: DatabaseShape.freeMb,
  ranMs: DatabaseShape.ranMs,
});
type ObserverLine = z.output<typeof ObserverLine>;
const ApiView = z.object({
  writes: z.object({
    waitingMs: z.number(),
    answeredMs: z.number().nullable(),
    slowMs: z.number(),
    waitsFor: z.string().nullable(),
  }),
  reach: Reach,
});
type ApiView = z.output<typeof ApiView>;

/** What was last heard from somewhere, and when. */
class Latest<Value> {
  value: Value | undefined;
  #at: number;

  /** The age of what was never heard counts from the start. */
  constructor() {
    this.#at = performance.now();
  }

  set(value: Value): void {
    this.value = value;
    this.#at = performance.now();
  }

  get ageMs(): number {
    return Math.round(performance.now() - this.#at);
  }
}

/** Asks everybody all the time, each over a connection of its own: what one does not answer delays nothing else. */
export async function openObservers(
  inventory: Inventory,
  etcd: Etcd,
  signal: AbortSignal,
  log: (line: string) => void,
) {
  const postgres = inventory.byRole("postgres");
  // A replica names endpoints as its settings do.
  const nameAt = new Map(postgres.flatMap(({ name, address }) => [address, name].map((host) => [host, name] as const)));
  const shared = new Latest<Shared>();
  const apis = new Map(inventory.byRole("api").map((machine) => [machine, new Latest<ApiView>()]));
  const observers = new Map(
    [...postgres, ...inventory.byRole("haproxy")].map((machine) => [machine, new Latest<ObserverLine>()]),
  );
  const patronis = new Map(postgres.map(({ name }) => [name, new Latest<true>()]));
  const ca = await readAuthority(inventory, "servers");
  const isWorried = (): boolean => [...apis.values()].some(({ value }) => (value?.writes.waitingMs ?? 0) > WORRY_MS);

  const askApi = async ({ address }: Machine, latest: Latest<ApiView>): Promise<void> => {
    const url = `http://${address}:8080/healthz/database`;
    const { text } = await httpRequest({ url, deadlineMs: ANSWER_DEADLINE_MS });
    latest.set(ApiView.parse(JSON.parse(text)));
  };
  const askPatroni = async ({ name, address }: Machine): Promise<void> => {
    await httpRequest({ url: `https://${address}:8008/liveness`, tls: { ca }, deadlineMs: ANSWER_DEADLINE_MS });
    patronis.get(name)?.set(true);
  };
  for (const [machine, latest] of apis)
    void repeat(
      () => askApi(machine, latest),
      () => (isWorried() ? ASK_API_MS.worried : ASK_API_MS.calm),
      signal,
    );
  for (const machine of postgres)
    void repeat(
      () => askPatroni(machine),
      () => ASK_PATRONI_MS,
      signal,
    );
  let complaint = "";
  const askEtcd = async (): Promise<void> => {
    try {
      shared.set(await etcd.shared());
      complaint = "";
    } catch (error) {
      if (complaint !== messageOf(error)) log(`etcd: ${messageOf(error)}`);
      complaint = messageOf(error);
    }
  };
  void repeat(askEtcd, () => ASK_ETCD_MS, signal);
  for (const [machine, latest] of observers) void follow(machine, settingsFor(machine, postgres), latest, signal, log);

  return {
    shared: (): Shared | undefined => shared.value,
    /** Asks etcd again, at once. */
    renewShared: askEtcd,
    /** All of it as one line. @param allowed what the guardian itself is allowed to do */
    evidence(allowed: { readonly mode: Mode; readonly mayFence: boolean }): Evidence {
      const known = shared.value;
      const at = Date.now();
      const clients: Evidence["clients"] = {};
      for (const [{ name }, { value, ageMs }] of apis) {
        if (value === undefined) continue;
        const { writes } = value;
        const reach = Object.fromEntries(
          Object.entries(value.reach).flatMap(([endpoint, attempts]) => {
            const [host = "", port] = endpoint.split(":");
            const machine = port === String(PORT) ? nameAt.get(host) : undefined;
            return machine === undefined ? [] : [[machine, attempts] as const];
          }),
        );
        clients[name] = { heardMs: ageMs, reach, ...writes };
      }
      const databases: Evidence["databases"] = {};
      for (const [{ name, roles }, { value, ageMs }] of observers) {
        if (value === undefined) continue;
        const { reach, sql, diskMs, freeMb, ranMs } = value;
        if (!roles.includes("postgres")) clients[name] = { heardMs: ageMs, reach };
        if (sql === undefined) continue;
        const patroni = patronis.get(name);
        const patroniMs = patroni?.value === undefined ? null : patroni.ageMs;
        databases[name] = { heardMs: ageMs, reach, sql, diskMs: diskMs ?? 0, freeMb, ranMs, patroniMs };
      }
      const { lastAction } = known ?? {};
      return {
        at,
        rto: inventory.rto,
        ...allowed,
        etcdMs: known === undefined ? Number.MAX_SAFE_INTEGER : shared.ageMs,
        leader: known?.leader ?? null,
        synchronous: [...(known?.synchronous ?? [])],
        actedMs: lastAction === undefined ? null : Math.max(0, at - lastAction.at),
        clients,
        databases,
      };
    },
  };
}
export type Observers = Awaited<ReturnType<typeof openObservers>>;

function settingsFor({ name, roles }: Machine, postgres: readonly Machine[]): object {
  const peers = Object.fromEntries(
    postgres.filter((each) => each.name !== name).map((each) => [each.name, each.address]),
  );
  const database = { folder: DATA_FOLDER, sql: psql("guardian", "postgres"), query: QUERY };
  return { peers, port: PORT, ...(roles.includes("postgres") ? database : {}) };
}

/** Failures are what the age of the last answer shows. */
async function repeat(ask: () => Promise<void>, pauseMs: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await ask().catch(() => {});
    await delay(pauseMs(), undefined, { signal }).catch(() => {});
  }
}

/** Runs the observer on a machine and takes its lines, again after each end of the connection. */
async function follow(
  machine: Machine,
  settings: object,
  latest: Latest<ObserverLine>,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  const command = `exec python3 -I -u -c ${shellQuote(OBSERVER)} ${shellQuote(JSON.stringify(settings))}`;
  let complaint = "";
  while (!signal.aborted) {
    const child = startProgram(sshAlone(machine, command), { detached: true, env: process.env });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
    const end = (): void => killGroup(child.pid);
    signal.addEventListener("abort", end);
    let heardMs = performance.now();
    const heartbeat = setInterval(() => {
      child.stdin.write("\n");
      if (performance.now() - heardMs > SILENT_CONNECTION_MS) end();
    }, HEARTBEAT_MS);
    child.stdin.on("error", () => {});
    child.stderr.resume();
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      heardMs = performance.now();
      for (const line of lines) {
        const found = ObserverLine.safeParse(parseJson(line));
        if (found.success) latest.set(found.data);
        else if (line !== "" && line !== complaint) log(`${machine.name}: ${line.slice(0, 300)}`);
        if (!found.success) complaint = line;
      }
    });
    await ended;
    clearInterval(heartbeat);
    signal.removeEventListener("abort", end);
    await delay(RECONNECT_MS, undefined, { signal }).catch(() => {});
  }
}
