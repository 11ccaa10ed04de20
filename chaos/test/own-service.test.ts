import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "@goldenring/run-kit";
import { bunProgram, cleanEnvironment, runProgram, thisComputer } from "@goldenring/stand";
import { stringify } from "yaml";
import { hasProgram } from "../../skips.fixture.ts";
import { checkHistory } from "../src/check/check.ts";
import { deleteByPlan } from "../src/engine/service-end.ts";
import { readHistory } from "../src/history/history.ts";
import { Plan } from "../src/probe/plan.ts";
import { cleanUp, readBack } from "../src/probe/read-back.ts";
import { probeService } from "../src/probe/service-probe.ts";
import { readRun } from "../src/run/record.ts";
import { Service } from "../src/service/service.ts";
import { forgetLeftValues, leftValues } from "../src/stored/weather-rows.ts";
import { type Faults, PASSWORD, Shop, TOKEN } from "./shop.fixture.ts";

const DEADLINE = 60_000;
const folder = mkdtempSync(join(tmpdir(), "goldenring-own-service-"));
const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.stop();
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.env.SHOP_TOKEN = TOKEN;
process.env.SHOP_PASSWORD = PASSWORD;

function openShop(faults: Faults = {}, tls?: Bun.TLSOptions): Shop {
  const shop = new Shop(faults, tls);
  shops.push(shop);
  return shop;
}

type Input = Parameters<typeof Service.parse>[0] & object;

const SHOP = {
  headers: { Authorization: "Bearer ${SHOP_TOKEN}" },
  reads: [{ path: "/health" }, { path: "/orders?page={page}", lists: true }],
  writes: [
    {
      path: "/orders",
      json: { note: "{value}", amount: "{number}" },
      status: [201],
      id: "data.id",
      shows: { "data.amount": "{number}" },
      item: { path: "/orders/{id}", shows: { amount: "{number}" } },
      remove: "/orders/{id}",
    },
  ],
  settleSeconds: 0.3,
} as const;
const [WRITE] = SHOP.writes;

let number = 0;

/** Loads the shop until it has acknowledged so many writes, or for `seconds`; reads everything back, and judges it. */
async function judged(
  shop: Shop,
  input: Input,
  { writes = 400, seconds = 40, clients = 8, intervalMs = 8 }: Partial<Record<string, number>> = {},
) {
  number += 1;
  const run = join(folder, String(number));
  const common = { target: shop.url, service: Service.parse(input), readDeadlineMs: 5_000, writeDeadlineMs: 5_000 };
  const never = new AbortController().signal;
  const plan = Plan.parse({
    kind: "service",
    ...common,
    out: `${run}.jsonl`,
    maxSeconds: seconds,
    clients,
    intervalMs,
  });
  if (plan.kind !== "service") throw new Error("it is one");
  const enough = new AbortController();
  const look = setInterval(() => shop.acknowledged >= writes && enough.abort("SIGTERM"), 5);
  await probeService(plan, enough.signal, () => {});
  clearInterval(look);
  const back = Plan.parse({ kind: "read-back", ...common, out: `${run}-back.jsonl`, history: plan.out });
  if (back.kind !== "read-back") throw new Error("it is one");
  await readBack(back, never);
  const history = await readHistory(plan.out);
  const verdict = checkHistory(history, { readBack: await readHistory(back.out) });
  const kinds = [...new Set(verdict.violations.map(({ kind }) => kind))].sort();
  const cleanPlan = Plan.parse({ kind: "clean-up", ...common, history: plan.out });
  const clean = async (): Promise<string[]> => {
    const said: string[] = [];
    if (cleanPlan.kind === "clean-up") await cleanUp(cleanPlan, never, (line) => said.push(line));
    return said;
  };
  const text = readFileSync(plan.out, "utf8");
  return { history, verdict, kinds, clean, text, cleanPlan: { ...cleanPlan, maxSeconds: 60 } };
}

test(
  "a service that keeps its word is checked in full, page by page, and everything is deleted afterwards",
  async () => {
    const shop = openShop();
    const { verdict, history, clean, text } = await judged(shop, SHOP);
    expect(verdict).toMatchObject({ violations: [], notChecked: {} });
    expect(verdict.acknowledgedWrites).toBeGreaterThan(300);
    expect(verdict.judgedReads).toBeGreaterThan(300);
    expect(shop.orders.length).toBe(verdict.acknowledgedWrites);
    expect(history.reads.some(({ pages = 1 }) => pages > 2)).toBe(true);
    expect(text).not.toContain(TOKEN);
    expect(await clean()).toEqual(["everything is deleted"]);
    expect(shop.orders).toEqual([]);
  },
  DEADLINE,
);

test(
  "a service that loses one of a thousand acknowledged writes is found, with the request",
  async () => {
    const { verdict, kinds } = await judged(openShop({ loses: 1_000 }), SHOP, { writes: 1_200, intervalMs: 4 });
    expect(verdict.acknowledgedWrites).toBeGreaterThan(1_000);
    expect(kinds).toContain("lost");
    const lost = verdict.violations.filter(({ kind }) => kind === "lost");
    expect(lost.length).toBe(Math.floor(verdict.acknowledgedWrites / 1_000));
    expect(lost[0]?.what).toMatch(
      /^POST \/orders \{"note":"p[^"]+","amount":\d+\} was acknowledged \(201, id 1000\) at [\d.]+, and at the end GET \/orders\/1000 answers 404/,
    );
  },
  DEADLINE,
);

test.each<[string, Faults, string, RegExp]>([
  [
    "stores twice",
    { doubles: 100 },
    "duplicated",
    /^POST \/orders .* was sent once, and at the end GET \/orders\?page=1 shows \S+ more than once/,
  ],
  [
    "acknowledges what it did not store",
    { pretends: 100 },
    "lost",
    /^POST \/orders .* was acknowledged .* GET \/orders\/100 answers 404/,
  ],
  [
    "shows what was there two seconds ago",
    { lateMs: 2_000 },
    "stale-read",
    /GET \/orders\/\d+: null was read .*, although \S+ had been acknowledged .* was sent by POST \/orders/,
  ],
])(
  "a service that %s is found, with the request",
  async (_, faults, kind, words) => {
    const { verdict, kinds } = await judged(openShop(faults), { ...SHOP, settleSeconds: 2.5 });
    expect(kinds).toContain(kind as (typeof kinds)[number]);
    expect(verdict.violations.map(({ what }) => what).find((what) => words.test(what))).toBeDefined();
    if (kind === "stale-read") expect(kinds).not.toContain("lost");
  },
  DEADLINE,
);

test(
  "a value that is stored differently is found by what the item shows",
  async () => {
    const { verdict, kinds } = await judged(openShop({ changes: 100 }), SHOP);
    expect(kinds).toEqual(["wrong-value"]);
    expect(
      verdict.violations.find(({ what }) => /GET \/orders\/100: amount \d+ instead of \d+/.test(what)),
    ).toBeDefined();
  },
  DEADLINE,
);

test(
  "changes that are acknowledged and not done are found, and lists are not misled by what changes",
  async () => {
    const change = { path: "/orders/{id}", json: { note: "{value}" } };
    const changed = { ...SHOP, writes: [{ ...WRITE, change }] };
    expect((await judged(openShop(), changed)).verdict).toMatchObject({ violations: [], notChecked: {} });
    const { kinds } = await judged(openShop({ ignoresUpdates: 7 }), changed);
    expect(kinds).toContain("stale-read");
  },
  DEADLINE,
);

test(
  "what cannot be checked is named, and is not well",
  async () => {
    const [, list] = SHOP.reads;
    const alone = { ...SHOP, writes: [{ path: "/orders", json: WRITE.json }], settleSeconds: 0 };
    const short = { writes: 100, intervalMs: 20 };
    const blind = await judged(openShop(), { ...alone, reads: [{ path: "/health" }] }, short);
    expect(Object.keys(blind.verdict.notChecked).sort()).toEqual(["duplicated", "lost", "other", "stale"]);
    expect(blind.verdict.notChecked.lost).toContain("could not be read back: no read of the service file shows them");
    const byList = await judged(openShop({ loses: 50 }), { ...alone, reads: [list] }, short);
    expect([byList.kinds.includes("lost"), byList.verdict.notChecked]).toEqual([true, {}]);
    const byItem = await judged(openShop(), { ...SHOP, reads: [] }, short);
    expect(byItem.verdict.notChecked).toEqual({ duplicated: expect.stringContaining("no list shows") });
    const firstPage = { ...alone, reads: [{ path: "/orders", lists: true }] };
    const cut = await judged(openShop(), firstPage, { writes: 200, intervalMs: 20 });
    expect(cut.verdict.violations).toEqual([]);
    expect(cut.verdict.notChecked.lost).toContain("perhaps only its first page");
    expect(cut.verdict.notChecked.stale).toContain("no read during the load shows");
    const alsoItems = await judged(openShop(), { ...SHOP, reads: firstPage.reads }, { writes: 200, intervalMs: 20 });
    expect(alsoItems.verdict).toMatchObject({
      violations: [],
      notChecked: { duplicated: expect.stringContaining("the lists do not show all") },
    });
  },
  DEADLINE,
);

test(
  "values go into paths, headers and forms; a login may be a request",
  async () => {
    const session = { path: "/login", json: { password: "${SHOP_PASSWORD}" }, token: "data.token" };
    const { headers: _, ...open } = SHOP;
    const form = {
      path: "/orders?ref={value}",
      headers: { "X-Request": "{value}" },
      form: { note: "{value}", amount: "{number}" },
    };
    const { verdict, history } = await judged(
      openShop(),
      { ...open, session, writes: [{ ...WRITE, ...form, json: undefined }] },
      { writes: 100, intervalMs: 20 },
    );
    expect(verdict).toMatchObject({ violations: [], notChecked: {} });
    const [first] = history.writes;
    expect(first?.sent).toContain(`POST /orders?ref=${encodeURIComponent(first?.value ?? "")} note=`);
  },
  DEADLINE,
);

test(
  "a secret that the service sends back is in no history",
  async () => {
    const echo = { ...WRITE, path: "/health", id: "nowhere", status: [200] };
    const { text, verdict } = await judged(openShop(), { ...SHOP, writes: [echo] }, { seconds: 0.3, intervalMs: 20 });
    expect(verdict.violations[0]?.what).toContain('no nowhere in the answer: {"sent":"Bearer ***"}');
    expect(text).not.toContain(TOKEN);
  },
  DEADLINE,
);

test(
  "a session that has run out is begun once more; what was refused is not sent again",
  async () => {
    const shop = openShop({ endsSessionAfterMs: 2_300 });
    const session = { path: "/login", json: { password: "${SHOP_PASSWORD}" }, token: "data.token" };
    const { headers: _, ...open } = SHOP;
    const { history } = await judged(shop, { ...open, session }, { seconds: 3, clients: 1, intervalMs: 20 });
    const failed = [...history.reads, ...history.writes].filter(({ outcome }) => outcome === "failed");
    expect(failed.map(({ status }) => status)).toEqual([401]);
    // The probe's, the one after 401, and the one that reads back.
    expect(shop.logins).toBe(3);
  },
  DEADLINE,
);

test.skipIf(!hasProgram("openssl"))(
  "a service with an authority of its own, which asks for a certificate, is reached by the files of tls",
  async () => {
    const keys = join(folder, "tls");
    const script = `mkdir ${keys} && cd ${keys} && new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' &&
$new -x509 -subj /CN=ca -keyout ca.key -out ca.crt && printf 'subjectAltName=IP:127.0.0.1' >san &&
for name in server client; do $new -subj /CN=$name -keyout $name.key -out $name.csr &&
openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile san -out $name.crt || exit 1; done`;
    expect((await runProgram(["sh", "-c", script], { deadlineMs: DEADLINE })).code).toBe(0);
    const read = (name: string): string => readFileSync(join(keys, name), "utf8");
    const own = { cert: read("server.crt"), key: read("server.key"), ca: read("ca.crt") };
    const shop = openShop({}, { ...own, requestCert: true, rejectUnauthorized: true });
    const tls = { ca: join(keys, "ca.crt"), certificate: join(keys, "client.crt"), key: join(keys, "client.key") };
    const short = { writes: 100, intervalMs: 20 };
    expect((await judged(shop, { ...SHOP, tls }, short)).verdict).toMatchObject({ violations: [], notChecked: {} });
    const withoutClient = await judged(shop, { ...SHOP, tls: { ca: tls.ca } }, { seconds: 0.5, writes: 1_000 });
    expect(withoutClient.verdict.acknowledgedWrites).toBe(0);
  },
  DEADLINE,
);

test(
  "what a killed run has written is deleted by the next one",
  async () => {
    const shop = openShop();
    const { cleanPlan } = await judged(shop, SHOP, { writes: 100, intervalMs: 20 });
    expect(shop.orders.length).toBeGreaterThan(20);
    const file = join(folder, "killed.plan.json");
    writeFileSync(file, JSON.stringify(cleanPlan));
    const home = join(folder, "killed");
    leftValues(home).add("pkilled-1", file);
    const said: string[] = [];
    await forgetLeftValues(thisComputer(home), (line) => said.push(line), deleteByPlan);
    expect(said).toEqual([expect.stringContaining("are deleted")]);
    expect([shop.orders, leftValues(home).list()]).toEqual([[], []]);
  },
  DEADLINE,
);

const EXPERIMENT = {
  id: "shop",
  title: "The shop's disk fills",
  hypothesis: "Nobody notices.",
  expectations: [
    { words: "nothing is lost", metric: "lostWrites", comparison: "at most", limit: 0, unit: "writes" },
    { words: "nothing is doubled", metric: "duplicatedWrites", comparison: "at most", limit: 0, unit: "writes" },
    { words: "nothing is stale", metric: "staleReads", comparison: "at most", limit: 0, unit: "reads" },
  ],
  steadyState: { cluster: false, loadSeconds: 1, deadlineSeconds: 10 },
  load: { clients: 2, intervalMs: 50 },
  stages: [
    { name: "full", faults: [{ fault: "disk-fill", on: "operator", path: folder, fill: { mib: 5 } }], seconds: 1 },
  ],
  leadOutSeconds: 0,
};

/** All files under a folder. */
function textsIn(root: string): string {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8")).join("\n");
}

test(
  "chaos run --service loads a service behind a login, and its secrets are in no file and no message",
  async () => {
    const shop = openShop();
    const session = { path: "/login", json: { password: "${SHOP_PASSWORD}" }, token: "data.token" };
    const { headers: _, ...open } = SHOP;
    const files = { experiment: join(folder, "shop.yml"), service: join(folder, "shop.service.yml") };
    writeFileSync(files.experiment, stringify(EXPERIMENT));
    writeFileSync(files.service, stringify({ target: shop.url, ...open, session, settleSeconds: 1 }));
    const chaos = new URL("../src/main.ts", import.meta.url).pathname;
    const runs = join(folder, "runs");
    const environment = { ...cleanEnvironment(), RING_HOME: join(folder, "home"), SHOP_PASSWORD: PASSWORD };
    const argv = bunProgram(chaos, "run", files.experiment, "--service", files.service, "--runs", runs);
    const ended = await runProgram(argv, { deadlineMs: DEADLINE, environment });
    expect([ended.code, ended.stderr + ended.stdout]).toEqual([
      EXIT.ok,
      expect.stringContaining("The hypothesis held."),
    ]);
    const [run = ""] = readdirSync(runs);
    const record = await readRun(join(runs, run));
    expect(record.expectations.map(({ verdict, worst }) => [verdict, worst])).toEqual(Array(3).fill(["held", 0]));
    expect(record.rounds[0]?.figures.background?.failed).toBe(0);
    expect(record.rounds[0]?.files.readBack).toBeDefined();
    expect(shop.orders).toEqual([]);
    const all = textsIn(folder) + ended.stderr + ended.stdout;
    expect(all).toContain("${SHOP_PASSWORD}");
    for (const secret of [TOKEN, PASSWORD]) expect(all).not.toContain(secret);
    const without = await runProgram(argv, {
      deadlineMs: DEADLINE,
      environment: { ...environment, SHOP_PASSWORD: "" },
    });
    expect([without.code, without.stderr]).toEqual([EXIT.usage, expect.stringContaining("SHOP_PASSWORD: set it")]);
  },
  DEADLINE,
);
