import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "@goldenring/stand";
import { PROBE_PROGRAM } from "../src/engine/observers.ts";
import { judgeRoles, type RoleSample, readRoleSamples } from "../src/roles/verdict.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-roles-"));
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

/** Answers as Patroni does, with what the test sets at the moment. */
async function patroni(answer: () => { status: number; body: string } | undefined): Promise<string> {
  const server = createServer((_, response) => {
    const said = answer();
    if (said) response.writeHead(said.status).end(said.body);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const said = (role: string, timeline: number, state = "running") => ({
  status: 200,
  body: JSON.stringify({ state, role, timeline, server_version: 170005, patroni: { version: "4.1.5" } }),
});

test("the sampler sees a change of roles, a silent node and a broken answer, and ends at SIGTERM", async () => {
  let changed = false;
  const one = await patroni(() => (changed ? undefined : said("master", 1)));
  const two = await patroni(() => (changed ? said("primary", 2) : { status: 502, body: "Bad gateway" }));
  const file = join(folder, "roles.jsonl");
  const nodes = [
    { name: "pg-01", url: one },
    { name: "pg-02", url: two },
  ];
  const plan = join(folder, "plan.json");
  writeFileSync(plan, JSON.stringify({ kind: "roles", nodes, out: file, intervalMs: 50, deadlineMs: 100 }));
  const sampler = spawn(process.execPath, [PROBE_PROGRAM, plan]);
  const ended = once(sampler, "exit");
  const isSampled = (expected: Partial<RoleSample>) => async () =>
    existsSync(file) &&
    (await readRoleSamples(file)).some(({ node, role, error }) => Bun.deepEquals({ node, role, error }, expected));
  const samplesOf = async (node: string, role: string | undefined, error: string | undefined) =>
    expect(await waitUntil(isSampled({ node, role, error }), { deadlineMs: 15_000, everyMs: 50 })).toBe(true);
  await samplesOf("pg-01", "primary", undefined);
  await samplesOf("pg-02", undefined, "502, and no JSON");
  changed = true;
  await samplesOf("pg-01", undefined, "deadline");
  await samplesOf("pg-02", "primary", undefined);
  sampler.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  const samples = await readRoleSamples(file);
  expect(judgeRoles(samples)).toMatchObject({
    reigns: [
      { node: "pg-01", timeline: 1 },
      { node: "pg-02", timeline: 2 },
    ],
    twoPrimaries: [],
  });
  const errors = new Set(samples.map(({ node, error }) => `${node}: ${error}`));
  expect(errors).toContain("pg-01: deadline");
  expect(errors).toContain("pg-02: 502, and no JSON");
});
