import { beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describeInChromium } from "@goldenring/run-kit/browser-fixture";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { hasForeignClients, INSTALLED, run, SOURCES } from "./clients.fixture.ts";

const CITIES = 2_000;
const LISTS = ["/Cities", "/Forecast", "/WeatherForecast", "/WeatherForecast?limit=1"];

interface Decoded {
  readonly client: string;
  readonly url: string;
  readonly status: number;
  readonly encoding: string;
  readonly sha256: string;
  readonly bytes: number;
}

const api = apiUnderTest();

/** How each program reads all lists. */
const PROGRAMS: Readonly<Record<string, (urls: readonly string[]) => Promise<string>>> = {
  "Python: aiohttp, urllib3, httpx, and decoders in one shot": (urls) =>
    run(["python", join(SOURCES, "decode.py"), ...urls]),
  "an older aiohttp": (urls) =>
    run(["python", join(SOURCES, "decode.py"), "--only-aiohttp", ...urls], {
      env: { PYTHONPATH: join(INSTALLED, "aiohttp-3.13") },
    }),
  "Node: fetch": (urls) => run(["node", join(SOURCES, "decode.mjs"), ...urls]),
  "Go: net/http and klauspost's zstd": (urls) => run(["decode", ...urls]),
  curl: async (urls) => {
    const lines: string[] = [];
    for (const url of urls) {
      const body = await run(["curl", "--silent", "--compressed", "--fail", url]);
      const [sha256, bytes] = [sha256Of(Buffer.from(body)), Buffer.byteLength(body)];
      lines.push(JSON.stringify({ client: "curl", url, status: 200, encoding: "", sha256, bytes }));
    }
    return lines.join("\n");
  },
};

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What each client must read, from the answers that are not encoded. */
async function expected(): Promise<ReadonlyMap<string, string>> {
  const lists = LISTS.map(async (list) => {
    const { decoded, headers } = await ask(api, `GET ${list}`, { headers: { "accept-encoding": "identity" } });
    expect(headers.has("content-encoding")).toBe(false);
    return [api.url + list, `${sha256Of(decoded)} ${decoded.length}`] as const;
  });
  return new Map(await Promise.all(lists));
}

async function expectWholeLists(read: (urls: readonly string[]) => Promise<string>): Promise<void> {
  const lists = await expected();
  const lines = (await read([...lists.keys()])).trim().split("\n");
  const decoded = lines.map((line) => JSON.parse(line) as Decoded);
  expect(decoded.length).toBeGreaterThanOrEqual(LISTS.length);
  const wrong = decoded.filter(
    ({ url, status, sha256, bytes }) => status !== 200 || `${sha256} ${bytes}` !== lists.get(url),
  );
  expect(wrong).toEqual([]);
}

async function addCities(): Promise<void> {
  await api.sql(`INSERT INTO cities (name) SELECT 'City ' || n FROM generate_series(1, ${CITIES}) n;
    INSERT INTO forecast ("cityId", "dateTime", temperature, summary)
    SELECT 10 + n % ${CITIES}, 1700000000000 + n::bigint * 10800000, n % 40, md5(n::text) FROM generate_series(1, ${2 * CITIES}) n`);
}

describe.skipIf(!hasForeignClients())("every list is decoded whole", () => {
  for (const [size, prepare] of [
    ["small", async () => {}],
    [`with ${CITIES} cities`, addCities],
  ] as const) {
    describe(size, () => {
      beforeAll(prepare);
      for (const [program, read] of Object.entries(PROGRAMS)) test(`by ${program}`, () => expectWholeLists(read));
    });
  }
});

describeInChromium("every list", ({ visit }) => {
  test("is decoded whole by the browser", async () => {
    await addCities();
    const lists = await expected();
    await visit(`${api.url}/Cities`, async ({ page }) => {
      const found = await page.evaluate(
        async (urls) => {
          const hex = (bytes: ArrayBuffer) =>
            Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
          const read = async (url: string) => {
            const body = await (await fetch(url)).arrayBuffer();
            return [url, `${hex(await crypto.subtle.digest("SHA-256", body))} ${body.byteLength}`] as const;
          };
          return Promise.all(urls.map(read));
        },
        [...lists.keys()],
      );
      expect(new Map<string, string>(found)).toEqual(new Map(lists));
    });
  });
});
