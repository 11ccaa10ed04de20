import { Agent } from "node:https";
import { etcdTls, type HttpRequest, httpRequest, type Inventory, loginOf, messageOf } from "@goldenring/stand";
import * as z from "zod";

/** Who holds the leader key, and which incarnation of the key that is. */
export interface Leadership {
  readonly leader: string;
  /** etcd revision at which the key was created: a later leader's key has another one. */
  readonly createRevision: string;
}

const CLIENT_PORT = 2379;
/** A member that answers does so in a few milliseconds; one that does not must not hold up the others. */
const DEADLINE_MS = 1_000;

const RangeAnswer = z.object({
  kvs: z.array(z.object({ value: z.string(), create_revision: z.string() })).default([]),
});
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
  // So that the first request after a power-off does not wait for it.
  await logIn().catch(() => {});
  return {
    async leadership(): Promise<Leadership | undefined> {
      const { kvs } = await ask("/v3/kv/range", { key: leaderKey }, RangeAnswer.parse).catch(noAnswer);
      const [key] = kvs;
      return key && { leader: Buffer.from(key.value, "base64").toString(), createRevision: key.create_revision };
    },
    /** Deletes the leader key and the host's member key, if the leader key is still the one that was read and names that host. @returns whether it did */
    async release({ leader, createRevision }: Leadership): Promise<boolean> {
      const transaction = {
        compare: [
          { key: leaderKey, target: "VALUE", value: base64(leader) },
          { key: leaderKey, target: "CREATE", create_revision: createRevision },
        ],
        success: [
          // With it there, the others would wait for an answer from this member before they elect.
          { request_delete_range: { key: base64(`${service}/members/${leader}`) } },
          { request_delete_range: { key: leaderKey } },
        ],
      };
      // Several members carry it out; the first one deletes the key and the others find another or none. It names one
      // incarnation of the key, so a copy that arrives late changes nothing.
      return ask("/v3/kv/txn", transaction, refuseUnlessDone).then(
        () => true,
        (error) => (hasOne(error, Refused) ? false : noAnswer(error)),
      );
    },
    close: (): void => agent.destroy(),
  };
}
export type Etcd = Awaited<ReturnType<typeof openEtcd>>;

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
