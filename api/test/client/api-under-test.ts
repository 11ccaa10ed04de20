import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import type { QueryResultRow } from "pg";
import { type Replica, startReplica } from "../replica.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "../throwaway-cluster.ts";

const HOOK_MS = 60_000;
/** A busy machine makes tests slow, not wrong; what must be fast has its own deadline. */
const TEST_MS = 60_000;

type Environment = Readonly<Record<string, string>>;

/** What a test file works with; everything is there from before its first test to after its last one. */
export interface ApiUnderTest {
  /** On a database of this file's own, with the sample data. */
  readonly replica: Replica;
  readonly url: string;
  /** Shared with other test files: leave it as it was. */
  readonly cluster: ThrowawayCluster;
  readonly databaseUrl: string;
  /** Runs one statement as superuser in the replica's database. */
  sql<Row extends QueryResultRow>(text: string): Promise<Row[]>;
  /** One more replica, on the same database unless the environment names another. */
  another(env?: Environment): Promise<Replica>;
  /** Restarts the replica. */
  restart(): Promise<void>;
}

let shared: Promise<ThrowawayCluster> | undefined;

/** One for all test files of a process, each with its own database; it ends with the process. */
export function sharedCluster(): Promise<ThrowawayCluster> {
  shared ??= startThrowawayCluster();
  return shared;
}

/** Call it at the top of a test file. */
export function apiUnderTest(env: Environment = {}): ApiUnderTest {
  setDefaultTimeout(TEST_MS);
  let cluster: ThrowawayCluster;
  let databaseUrl: string;
  let replica: Replica;
  const others: Replica[] = [];

  beforeAll(async () => {
    cluster = await sharedCluster();
    databaseUrl = await cluster.createDatabase();
    replica = await startReplica({ databaseUrl, env });
  }, HOOK_MS);

  afterAll(async () => {
    await Promise.all([replica, ...others].map((one) => one?.stop()));
  }, HOOK_MS);

  return {
    get replica() {
      return replica;
    },
    get url() {
      return replica.url;
    },
    get cluster() {
      return cluster;
    },
    get databaseUrl() {
      return databaseUrl;
    },
    sql: (text) => cluster.execute(text, databaseName(databaseUrl)),
    another: async (more = {}) => {
      const one = await startReplica({ databaseUrl, env: { ...env, ...more } });
      others.push(one);
      return one;
    },
    restart: async () => {
      await replica.stop();
      replica = await startReplica({ databaseUrl, env });
    },
  };
}

export function databaseName(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}
