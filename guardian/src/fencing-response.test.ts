import { expect, test } from "bun:test";
import type { Leadership } from "./etcd.ts";
import { fencingResponse } from "./fencing-response.ts";

/** A cluster that notes what is done to it; guardian/stand-tests acts on a real one. */
function cluster(leader: string | undefined) {
  const done: string[] = [];
  const state = { leader, isOff: true, isProxyReached: true };
  const services = {
    etcd: {
      async leadership(): Promise<Leadership | undefined> {
        return state.leader === undefined
          ? undefined
          : { leader: state.leader, createRevision: "7", successor: undefined };
      },
      async release({ leader, createRevision }: Leadership) {
        if (leader !== state.leader) return false;
        done.push(`released ${leader} ${createRevision}`);
        return true;
      },
      close() {},
    },
    proxies: new Map([
      [
        "haproxy",
        {
          async markDown(server: string) {
            if (!state.isProxyReached) throw new Error("no route");
            done.push(`down ${server}`);
            return ["master"];
          },
          close() {},
        },
      ],
    ]),
    databases: new Map([
      [
        "pg-01",
        {
          async endReplication(replica: string) {
            done.push(`ended ${replica}`);
            return 1;
          },
          close() {},
        },
      ],
    ]),
  };
  const noted: string[] = [];
  const respondTo = (machine: string) =>
    fencingResponse(
      machine,
      services,
      async () => state.isOff,
      ({ event }) => noted.push(event),
    );
  return { state, done, noted, respondTo };
}

test("a leader that is off loses its key, that very one, and its sessions", async () => {
  const { done, respondTo } = cluster("pg-01");
  expect(await respondTo("pg-01").attempt()).toBe(true);
  expect(done.sort()).toEqual(["down pg-01", "released pg-01 7"]);
});

test("a replica that is off loses its replication on the leader and its sessions, and the leader keeps its key", async () => {
  const { done, respondTo } = cluster("pg-01");
  expect(await respondTo("pg-02").attempt()).toBe(true);
  expect(done.sort()).toEqual(["down pg-02", "ended pg-02"]);
});

test("a machine that came back before the step is not touched", async () => {
  const { state, done, respondTo } = cluster("pg-01");
  state.isOff = false;
  expect(await respondTo("pg-01").attempt()).toBe(false);
  expect(done).toEqual([]);
});

test("while nobody leads, nothing is decided; later attempts do what the election left to do", async () => {
  const { state, done, respondTo } = cluster(undefined);
  const response = respondTo("pg-02");
  expect(await response.attempt()).toBe(false);
  state.leader = "pg-01";
  expect(await response.attempt()).toBe(true);
  expect(done).toEqual(["down pg-02", "ended pg-02"]);
});

test("a step that failed is repeated, the others are not, and the same failure is noted once", async () => {
  const { state, done, noted, respondTo } = cluster("pg-01");
  state.isProxyReached = false;
  const response = respondTo("pg-01");
  expect([await response.attempt(), await response.attempt()]).toEqual([false, false]);
  expect(noted.sort()).toEqual(["could not mark down in haproxy", "leader key released"]);
  state.isProxyReached = true;
  expect(await response.attempt()).toBe(true);
  expect(done).toEqual(["released pg-01 7", "down pg-01"]);
});
