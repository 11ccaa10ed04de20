import { Agent } from "node:https";
import {
  etcdTls,
  type HttpRequest,
  httpRequest,
  type Inventory,
  loginOf,
  messageOf,
  parseJson,
} from "@goldenring/stand";
import * as z from "zod";
import { MODES, type Mode } from "./evidence.ts";

/** Who holds the leader key, and which incarnation of the key that is. */
export interface Leadership {
  readonly leader: string;
  /** etcd revision at which the key was created: a later leader's key has another one. */
  readonly createRevision: string;
  readonly successor: Successor | undefined;
}

/** The only synchronous standby while failovers are not paused. It has every acknowledged write as long as both keys are as they were read. */
interface Successor {
  readonly name: string;
  readonly syncRevision: string;
  readonly configRevision: string;
}

/** What guardians share through etcd, and what Patroni has there, all of one moment. */
export interface Shared {
  readonly leader: string | null;
  /** The standbys that have every acknowledged write. */
  readonly synchronous: readonly string[];
  readonly mode: Mode;
  readonly lastAction: { readonly at: number; readonly what: string } | undefined;
  /** Machines that a guardian turned off, with the time. */
  readonly turnedOff: Readonly<Record<string, number>>;
}

/** What only one guardian does at a time. It ends by itself when its holder is gone. */
export interface ActionLock {
  /** Prolongs it. @throws {LockLost} */
  confirm(): Promise<void>;
  release(): Promise<void>;
}
/** The guardian stood still, or etcd did, for longer than the lock holds. */
export class LockLost extends Error {
  override readonly name = "LockLost";
}
const LOCK_S = 10;

const CLIENT_PORT = 2379;
/** A member that answers does so in a few milliseconds; one that does not must not hold up the others. */
const DEADLINE_MS = 1_000;

const RangeAnswer = z.object({
  kvs: z
    .array(z.object({ key: z.string(), value: z.string(), create_revision: z.string(), mod_revision: z.string() }))
    .default([]),
});
type Key = z.output<typeof RangeAnswer>["kvs"][number];
const SnapshotAnswer = z.object({ responses: z.array(z.object({ response_range: RangeAnswer })) });
const LeaseAnswer = z.object({ ID: z.string() });
const Sync = z.object({ sync_standby: z.string().nullish() });
const Config = z.object({ pause: z.boolean().nullish() });
const LastAction = z.object({ at: z.number(), what: z.string() });
const LoginAnswer = z.object({ token: z.string() });
const TransactionAnswer = z.object({ succeeded: z.boolean().default(false) });

/**
 * The part of etcd that the guardian uses; each call ends within some deadlines and rejects when no member answered.
 *
 * @throws {SecretsError} when the operator's certificate or the guardian's login does not exist yet
 */
export async function openEtcd(inventory: Inventory) {
  const agent = new Agent({ ...(await etcdTls(inventory)), minVersion: "TLSv1.3", keepAlive: true });
  const { user, password } = await loginOf(inventory, "etcd_guardian");
  const hosts = inventory.byRole("etcd").map(({ address }) => address);
  const service = `/service/${inventory.standName}`;
  const leaderKey = base64(`${service}/leader`);
  const syncKey = base64(`${service}/sync`);
  const configKey = base64(`${service}/config`);
  const own = `/guardian/${inventory.standName}/`;
  const lockKey = base64(`${own}lock`);
  /** All members know it until they restart. */
  let token: string | undefined;
  /** Asks all members at once and takes the first answer that `accept` does not refuse. */
  const askAll = async <Answer>(path: string, body: object, accept: (answer: unknown) => Answer): Promise<Answer> => {
    const abort = new AbortController();
    const request = { agent, path, body, token, signal: abort.signal };
    try {
      return await Promise.any(hosts.map(async (host) => accept(await post(host, request))));
    } finally {
      abort.abort();
    }
  };
  const logIn = async (): Promise<void> => {
    token = undefined;
    ({ token } = await askAll("/v3/auth/authenticate", { name: user, password }, LoginAnswer.parse));
  };
  /** With a new login where no member knows the last one, and once. */
  const ask: typeof askAll = async (path, body, accept) => {
    try {
      return await askAll(path, body, accept);
    } catch (error) {
      if (!hasOne(error, LoginMissing)) throw error;
      await logIn();
      return askAll(path, body, accept);
    }
  };
  const transact = (compare: object[], success: object[]): Promise<boolean> =>
    ask("/v3/kv/txn", { compare, success }, refuseUnlessDone).then(
      () => true,
      (error) => (hasOne(error, Refused) ? false : noAnswer(error)),
    );
  /** Sets a key of the guardians, or deletes it, unless somebody changes it at the same moment. */
  const change = async (name: string, value: string | undefined): Promise<boolean> => {
    const key = base64(`${own}${name}`);
    const { kvs } = await ask("/v3/kv/range", { key }, RangeAnswer.parse).catch(noAnswer);
    const compare = [{ key, target: "MOD", mod_revision: kvs[0]?.mod_revision ?? "0" }];
    const request =
      value === undefined ? { request_delete_range: { key } } : { request_put: { key, value: base64(value) } };
    return transact(compare, [request]);
  };
  /** All of one moment. A range is a key, or a first and a last one. */
  const readTogether = async (...ranges: readonly { key: string; range_end?: string }[]) => {
    const success = ranges.map((range) => ({ request_range: range }));
    const { responses } = await ask("/v3/kv/txn", { success }, SnapshotAnswer.parse).catch(noAnswer);
    return responses.map(({ response_range }) => response_range.kvs);
  };
  // So that the first request after a power-off does not wait for it.
  await logIn().catch(() => {});
  return {
    async leadership(): Promise<Leadership | undefined> {
      const [leaders, sync, config] = await readTogether({ key: leaderKey }, { key: syncKey }, { key: configKey });
      const key = leaders?.[0];
      const successor = successorOf(sync?.[0], config?.[0]);
      return key && { leader: textOf(key), createRevision: key.create_revision, successor };
    },
    /**
     * Deletes the leader key, if it is still the one that was read and names that host, and tells the successor to lead: as Patroni's own
     * `failover` does. Otherwise the successor first asks the host that is off, and waits 2 s for its answer (`fetch_node_status` in ha.py).
     *
     * @returns whether it did
     */
    async release({ leader, createRevision, successor }: Leadership): Promise<boolean> {
      const compare: object[] = [
        { key: leaderKey, target: "VALUE", value: base64(leader) },
        { key: leaderKey, target: "CREATE", create_revision: createRevision },
      ];
      const success: object[] = [{ request_delete_range: { key: leaderKey } }];
      if (successor !== undefined) {
        compare.push({ key: syncKey, target: "MOD", mod_revision: successor.syncRevision });
        compare.push({ key: configKey, target: "MOD", mod_revision: successor.configRevision });
        // First: Patroni wakes up when the leader key goes.
        const failover = base64(JSON.stringify({ member: successor.name }));
        success.unshift({ request_put: { key: base64(`${service}/failover`), value: failover } });
      }
      // Several members carry it out; the first one deletes the key and the others find another or none. It names one
      // incarnation of the key, so a copy that arrives late changes nothing.
      return transact(compare, success);
    },
    async shared(): Promise<Shared> {
      const ofGuardians = { key: base64(own), range_end: base64(`${own.slice(0, -1)}0`) };
      return sharedOf(await readTogether({ key: leaderKey }, { key: syncKey }, ofGuardians), own);
    },
    setMode: (mode: Mode): Promise<boolean> => change("mode", mode),
    noteAction: (at: number, what: string): Promise<boolean> => change("last", JSON.stringify({ at, what })),
    /** @param at undefined: it is not off because of a guardian any more */
    noteTurnedOff: (machine: string, at: number | undefined): Promise<boolean> =>
      change(`off/${machine}`, at === undefined ? undefined : String(at)),
    /** @returns undefined while another guardian has it */
    async lockActions(holder: string): Promise<ActionLock | undefined> {
      const { ID: lease } = await ask("/v3/lease/grant", { TTL: LOCK_S }, LeaseAnswer.parse).catch(noAnswer);
      const revoke = () => ask("/v3/lease/revoke", { ID: lease }, () => {}).catch(() => {});
      const value = base64(`${holder} ${lease}`);
      const isFree = [{ key: lockKey, target: "VERSION", version: "0" }];
      if (!(await transact(isFree, [{ request_put: { key: lockKey, value, lease } }]))) {
        await revoke();
        return undefined;
      }
      return {
        async confirm() {
          const isHeld = await transact([{ key: lockKey, target: "VALUE", value }], []);
          if (!isHeld) throw new LockLost("another guardian may act: this one stood still for too long");
          await ask("/v3/lease/keepalive", { ID: lease }, () => {}).catch(noAnswer);
        },
        release: revoke,
      };
    },
    close: (): void => agent.destroy(),
  };
}
export type Etcd = Awaited<ReturnType<typeof openEtcd>>;

const textOf = ({ value }: Key): string => Buffer.from(value, "base64").toString();

function synchronousIn(sync: Key | undefined): string[] {
  const names = Sync.safeParse(parseJson(sync ? textOf(sync) : "")).data?.sync_standby ?? "";
  return names.split(",").filter((name) => name !== "");
}

function successorOf(sync: Key | undefined, config: Key | undefined): Successor | undefined {
  const [name, ...others] = synchronousIn(sync);
  if (name === undefined || others.length > 0 || sync === undefined || config === undefined) return undefined;
  const { success, data } = Config.safeParse(parseJson(textOf(config)));
  if (!success || data.pause) return undefined;
  return { name, syncRevision: sync.mod_revision, configRevision: config.mod_revision };
}

function sharedOf([leader = [], sync = [], own = []]: readonly (readonly Key[])[], prefix: string): Shared {
  const named = new Map(
    own.map((key) => [Buffer.from(key.key, "base64").toString().slice(prefix.length), textOf(key)]),
  );
  const mode = named.get("mode");
  const off = [...named].filter(([name]) => name.startsWith("off/"));
  return {
    leader: leader[0] === undefined ? null : textOf(leader[0]),
    synchronous: synchronousIn(sync[0]),
    mode: MODES.find((each) => each === mode) ?? "act",
    lastAction: LastAction.safeParse(parseJson(named.get("last") ?? "")).data,
    turnedOff: Object.fromEntries(off.map(([name, at]) => [name.slice("off/".length), Number(at)])),
  };
}

type Post = Pick<HttpRequest, "agent" | "body" | "signal"> & {
  readonly path: string;
  readonly token: string | undefined;
};

async function post(host: string, { path, token, ...request }: Post): Promise<unknown> {
  const url = `https://${host}:${CLIENT_PORT}${path}`;
  const headers = token === undefined ? {} : { authorization: token };
  const { status, text } = await httpRequest({ url, headers, deadlineMs: DEADLINE_MS, ...request }).catch((error) => {
    throw new Error(`${host}: ${messageOf(error)}`);
  });
  if (status === 200) return JSON.parse(text);
  if (NO_LOGIN.test(text)) throw new LoginMissing(`${host}: ${text.slice(0, 200)}`);
  throw new Error(`${host}: HTTP ${status} ${text.slice(0, 200)}`);
}

const base64 = (plain: string): string => Buffer.from(plain).toString("base64");

class Refused extends Error {}

/** The member does not know the token: it has restarted, the password is another one, or there was no login yet. */
class LoginMissing extends Error {}

/** etcd's errors of requests without a user. */
const NO_LOGIN = /user name is empty|invalid auth token|revision of auth store is old/;

const hasOne = (error: unknown, kind: typeof LoginMissing | typeof Refused): boolean =>
  error instanceof AggregateError && error.errors.some((one) => one instanceof kind);

function refuseUnlessDone(answer: unknown): void {
  if (!TransactionAnswer.parse(answer).succeeded) throw new Refused("the leader key has changed");
}

function noAnswer(error: unknown): never {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const why = errors.map(messageOf);
  throw new Error(`no etcd member answered: ${why.join("; ")}`);
}
