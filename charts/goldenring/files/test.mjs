/** `helm test`: what clients and Prometheus get from the pods. Runs in a pod of the API's own image. */
import { randomUUID } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";

const { SERVICE = "", PODS = "", FORBIDDEN, WRITE, KEYS_FILE } = process.env;
const DEADLINE_MS = 35_000;
const FORBIDDEN_MS = 5_000;
const key = KEYS_FILE === undefined ? undefined : readFileSync(KEYS_FILE, "utf8").trim().split(/[\n,]/)[0];

async function ask(path, { at = SERVICE, method = "GET", body, headers = {}, isLoggedIn = true } = {}) {
  const response = await fetch(`${at}${path}`, {
    method,
    headers: {
      ...(body && { "content-type": "application/json" }),
      ...(key && isLoggedIn && { "x-api-key": key }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") && text !== "" ? JSON.parse(text) : undefined;
  return { status: response.status, etag: response.headers.get("etag") ?? "", text, json };
}

function expect(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

/** Of each pod. PODS has names with ports. */
async function addresses() {
  const found = PODS.split(",").map(async (each) => {
    const [name = "", port] = each.split(":");
    return (await lookup(name, { all: true })).map(
      ({ address, family }) => `http://${family === 6 ? `[${address}]` : address}:${port}`,
    );
  });
  return (await Promise.all(found)).flat();
}
const isOk = ({ status, text }) => expect(status === 200, `answered ${status}: ${text.slice(0, 300)}`);

/** The same keys each time: the first test adds a city and a value, all others find them. */
async function ownValue() {
  const add = (path, body, name) =>
    ask(path, { method: "POST", body, headers: { "idempotency-key": `helm-test-${name}` } });
  const city = await add("/Cities", { name: "Helm test" }, "city");
  isOk(city);
  const value = { dateTime: 1_700_000_000_000, temperature: 0, summary: "helm test" };
  const answers = [
    await add(`/Forecast/${city.json.id}`, value, "value"),
    await add(`/Forecast/${city.json.id}`, value, "value"),
  ];
  for (const each of answers) isOk(each);
  expect(answers[0].json.id === answers[1].json.id, "the same request was stored twice");
  const other = await add(`/Forecast/${city.json.id}`, { ...value, temperature: 1 }, "value");
  expect(other.status === 422, `the same key with another content was answered ${other.status}`);
  return answers[0].json;
}

const TESTS = {
  async "read: the list of cities"() {
    const cities = await ask("/Cities");
    isOk(cities);
    expect(Array.isArray(cities.json), "the answer is no list");
  },
  async "conditional read: what is known is not sent again"() {
    const { etag } = await ask("/Cities");
    expect(etag !== "", "the answer has no ETag");
    const { status, text } = await ask("/Cities", { headers: { "if-none-match": etag } });
    // A write between the two answers is another list.
    expect(status === 304 || (status === 200 && text !== ""), `answered ${status}`);
  },
  async "metrics: each pod has them for Prometheus"() {
    for (const at of await addresses()) {
      const metrics = await ask("/metrics", { at });
      isOk(metrics);
      expect(metrics.text.includes("weather_build_info"), `${at} has no weather_build_info`);
    }
  },
  async "health and metrics are not shown through a proxy"() {
    for (const path of ["/metrics", "/healthz/ready"]) {
      const { status } = await ask(path, { headers: { "x-forwarded-for": "192.0.2.1" } });
      expect(status === 404, `${path} was answered ${status}`);
    }
  },
  ...(key !== undefined && {
    async "a write without a key is refused"() {
      const { status } = await ask("/Cities", { method: "POST", body: { name: "refused" }, isLoggedIn: false });
      expect(status === 401, `answered ${status}`);
    },
  }),
  ...(WRITE === "true" && {
    async "write: a request sent again is stored once"() {
      await ownValue();
    },
    async "write: seen at once through every other pod, and not undone by an older condition"() {
      const { id, cityId } = await ownValue();
      const pods = await addresses();
      for (const at of pods) {
        const before = await ask(`/Forecast/${id}`, { at });
        isOk(before);
        const body = {
          cityId,
          dateTime: 1_700_000_000_000,
          temperature: Math.round(Math.random() * 1_000),
          summary: randomUUID(),
        };
        const put = () => ask(`/Forecast/${id}`, { at, method: "PUT", body, headers: { "if-match": before.etag } });
        isOk(await put());
        for (const other of pods) {
          const { json } = await ask(`/Forecast/${id}`, { at: other });
          expect(json?.summary === body.summary, `written at ${at}, ${other} answers ${JSON.stringify(json)}`);
        }
        expect((await put()).status === 412, "a change with an old condition was made");
      }
      console.log(`     ${pods.length} pods`);
    },
  }),
};

const FORBIDDEN_TESTS = {
  async "a caller that the NetworkPolicy does not name gets nothing"() {
    for (const at of [SERVICE, ...(await addresses())]) {
      const answer = await fetch(`${at}/Cities`, { signal: AbortSignal.timeout(FORBIDDEN_MS) }).catch(() => undefined);
      expect(answer === undefined, `${at} answered ${answer?.status}: does this cluster's network enforce policies?`);
    }
  },
};

let failed = 0;
const tests = Object.entries(FORBIDDEN === "true" ? FORBIDDEN_TESTS : TESTS);
for (const [name, test] of tests) {
  try {
    await test();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
