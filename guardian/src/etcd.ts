import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { Inventory } from "@goldenring/stand";
import * as z from "zod";

/** Who holds the leader key, and which incarnation of the key that is. */
export interface Leadership {
  readonly leader: string;
  /** etcd revision at which the key was created: a later leader's key has another one. */
  readonly createRevision: string;
}

/** The part of etcd the guardian uses; each step ends within a deadline and rejects when no member answered. */
export interface Etcd {
  /** Undefined when no one is the leader. */
  leadership(): Promise<Leadership | undefined>;
  /**
   * Deletes the leader key and the host's member key, if the leader key is still the one that was read and still names that host.
   *
   * @returns whether it did
   */
  release(leadership: Leadership): Promise<boolean>;
  close(): void;
}

const CLIENT_PORT = 2379;
/** Milliseconds. A member that answers does so in a few; one that does not must not hold up the others. */
const DEADLINE = 1_000;

const RangeAnswer = z.object({
  kvs: z.array(z.object({ value: z.string(), create_revision: z.string() })).optional(),
});
const TxnAnswer = z.object({ succeeded: z.boolean().optional() });

/** @throws when the operator's certificate is not there yet */
export async function openEtcd(inventory: Inventory): Promise<Etcd> {
  const secret = (file: string): Promise<string> => readFile(join(inventory.secretsFolder, file), "utf8");
  const [ca, cert, key] = await Promise.all(
    ["ca/ca.crt", "certificates/operator.crt", "certificates/operator.key"].map(secret),
  );
  if (ca === undefined || cert === undefined || key === undefined)
    throw new Error("the operator's certificate is missing");
  const agent = new Agent({ ca, cert, key, keepAlive: true });
  const hosts = inventory.byRole("etcd").map(({ address }) => address);
  const prefix = `/service/${inventory.standName}`;
  /** Asks all members at once; the first answer that pleases counts. */
  const ask = async <Answer>(path: string, body: object, read: (answer: unknown) => Answer): Promise<Answer> => {
    const abort = new AbortController();
    try {
      return await Promise.any(hosts.map(async (host) => read(await post(agent, host, path, body, abort.signal))));
    } finally {
      abort.abort();
    }
  };
  return {
    async leadership() {
      const range = { key: base64(`${prefix}/leader`) };
      const { kvs } = await ask("/v3/kv/range", range, (answer) => RangeAnswer.parse(answer)).catch(noAnswer);
      const [key] = kvs ?? [];
      return key && { leader: Buffer.from(key.value, "base64").toString(), createRevision: key.create_revision };
    },
    async release({ leader, createRevision }) {
      const key = base64(`${prefix}/leader`);
      const transaction = {
        compare: [
          { key, target: "VALUE", value: base64(leader) },
          { key, target: "CREATE", create_revision: createRevision },
        ],
        success: [
          // Without it the others would wait for an answer from this member before they elect.
          { request_delete_range: { key: base64(`${prefix}/members/${leader}`) } },
          { request_delete_range: { key } },
        ],
      };
      // Several members carry it out; the first one deletes the key and the others find another or none. It names one
      // incarnation of the key, so a copy that arrives late does no harm either.
      return ask("/v3/kv/txn", transaction, refuseUnlessDone).then(
        () => true,
        (error) => (refusals(error).length > 0 ? false : noAnswer(error)),
      );
    },
    close: () => agent.destroy(),
  };
}

function post(agent: Agent, host: string, path: string, body: object, signal: AbortSignal): Promise<unknown> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]);
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host, port: CLIENT_PORT, path, method: "POST", signal: bounded }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${host}: HTTP ${response.statusCode} ${text.slice(0, 200)}`));
      });
    });
    asked.on("error", (error) => reject(new Error(`${host}: ${error.message}`)));
    asked.end(JSON.stringify(body));
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

class Refused extends Error {}

function refuseUnlessDone(answer: unknown): void {
  if (TxnAnswer.parse(answer).succeeded !== true) throw new Refused("the leader key is another one by now");
}

function refusals(error: unknown): unknown[] {
  return error instanceof AggregateError ? error.errors.filter((one) => one instanceof Refused) : [];
}

function noAnswer(error: unknown): never {
  const errors = error instanceof AggregateError ? error.errors : [error];
  throw new Error(
    `no etcd member answered: ${errors.map((one) => (one instanceof Error ? one.message : String(one))).join("; ")}`,
  );
}
