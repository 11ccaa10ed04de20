import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { type Inventory, operatorTls } from "@goldenring/stand";
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
const TransactionAnswer = z.object({ succeeded: z.boolean().default(false) });

/**
 * The part of etcd that the guardian uses; each call ends within a deadline and rejects when no member answered.
 *
 * @throws {SecretsError} when the operator's certificate does not exist yet
 */
export async function openEtcd(inventory: Inventory) {
  const agent = new Agent({ ...(await operatorTls(inventory)), keepAlive: true });
  const hosts = inventory.byRole("etcd").map(({ address }) => address);
  const service = `/service/${inventory.standName}`;
  const leaderKey = base64(`${service}/leader`);
  /** Asks all members at once and takes the first answer that `accept` does not refuse. */
  const ask = async <Answer>(path: string, body: object, accept: (answer: unknown) => Answer): Promise<Answer> => {
    const abort = new AbortController();
    try {
      return await Promise.any(hosts.map(async (host) => accept(await post(agent, host, path, body, abort.signal))));
    } finally {
      abort.abort();
    }
  };
  return {
    /** Undefined while nobody leads. */
    async leadership(): Promise<Leadership | undefined> {
      const { kvs } = await ask("/v3/kv/range", { key: leaderKey }, RangeAnswer.parse).catch(noAnswer);
      const [key] = kvs;
      return key && { leader: Buffer.from(key.value, "base64").toString(), createRevision: key.create_revision };
    },
    /**
     * Deletes the leader key and the host's member key, if the leader key is still the one that was read and still names that host.
     *
     * @returns whether it did
     */
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
        (error) => (isRefusal(error) ? false : noAnswer(error)),
      );
    },
    close: (): void => agent.destroy(),
  };
}
export type Etcd = Awaited<ReturnType<typeof openEtcd>>;

function post(agent: Agent, host: string, path: string, body: object, abort: AbortSignal): Promise<unknown> {
  const signal = AbortSignal.any([abort, AbortSignal.timeout(DEADLINE_MS)]);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new Error(`${host}: ${error.message}`));
    const take = async (response: IncomingMessage): Promise<void> => {
      const answer = await text(response);
      if (response.statusCode === 200) resolve(JSON.parse(answer));
      else throw new Error(`HTTP ${response.statusCode} ${answer.slice(0, 200)}`);
    };
    request({ agent, host, port: CLIENT_PORT, path, method: "POST", signal }, (response) => take(response).catch(fail))
      .on("error", fail)
      .end(JSON.stringify(body));
  });
}

const base64 = (plain: string): string => Buffer.from(plain).toString("base64");

class Refused extends Error {}

function refuseUnlessDone(answer: unknown): void {
  if (!TransactionAnswer.parse(answer).succeeded) throw new Refused("the leader key has changed");
}

const isRefusal = (error: unknown): boolean =>
  error instanceof AggregateError && error.errors.some((one) => one instanceof Refused);

function noAnswer(error: unknown): never {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const why = errors.map((one) => (one instanceof Error ? one.message : String(one)));
  throw new Error(`no etcd member answered: ${why.join("; ")}`);
}
