import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { Problem } from "./problem.ts";
import { createStaticPages, MANIFEST_NAME, type Manifest, type StaticPages } from "./static-pages.ts";

const BUILD = fileURLToPath(new URL("../../page/build.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "static-pages-"));
const pages = createStaticPages(folder);
let manifest: Manifest;

function ask(path: string, headers: Record<string, string> = {}, method = "GET", from: StaticPages = pages) {
  return from(path, new Request(`http://localhost${path}`, { method, headers }));
}

async function answered(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
  const response = ask(path, headers, method);
  if (response === undefined) throw new Error(`${path} was not answered`);
  return response;
}

function problemOf(call: () => unknown): Problem {
  try {
    call();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("No problem was thrown");
}

/** Files of a folder that this process holds open. Other tests of the process open files, too. */
function openFilesBelow(folder: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const target = readlinkSync(join("/proc/self/fd", descriptor));
      return target.startsWith(`${folder}/`) ? [target] : [];
    } catch {
      return []; // closed since it was listed
    }
  });
}

function pathOf(part: string): string {
  const found = manifest.files.find(({ path }) => path.includes(part))?.path;
  if (found === undefined) throw new Error(`The build has no ${part}`);
  return found;
}

beforeAll(() => {
  const built = spawnSync(process.execPath, [BUILD, folder], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  manifest = JSON.parse(readFileSync(join(folder, MANIFEST_NAME), "utf8"));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the page", () => {
  test("is HTML that loads its assets from this server only, and has no inline script", async () => {
    for (const path of ["/", "/swagger/index.html"]) {
      const html = await (await answered(path)).text();
      const links = Array.from(html.matchAll(/(?:src|href)="([^"#]+)"/g), ([, link]) => link ?? "");
      expect(links.length).toBeGreaterThan(3);
      expect(links.filter((link) => !link.startsWith("/"))).toEqual([]);
      expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
      expect(html).not.toMatch(/\sstyle=|\son\w+=/);
      expect(html).not.toContain("{{");
    }
  });

  test("weighs less than 60 kB in gzip with all that it loads", async () => {
    const html = await (await answered("/")).text();
    const assets = ["/", ...Array.from(html.matchAll(/"(\/(?:assets|favicon)[^"]+)"/g), ([, link]) => link ?? "")];
    expect(assets.length).toBe(5);
    const sizes = await Promise.all(
      assets.map(async (path) => (await (await answered(path, { "accept-encoding": "gzip" })).bytes()).length),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000);
  });

  test("has strict headers, Swagger UI's differing only in styles and pictures", async () => {
    const ofPage = (await answered("/")).headers;
    expect(ofPage.get("content-type")).toBe("text/html; charset=utf-8");
    expect(ofPage.get("x-content-type-options")).toBe("nosniff");
    expect(ofPage.get("referrer-policy")).toBe("no-referrer");
    const policy = ofPage.get("content-security-policy") ?? "";
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'; ");
    expect(policy).not.toContain("unsafe");
    const ofSwagger = (await answered("/swagger/index.html")).headers.get("content-security-policy") ?? "";
    expect(ofSwagger.replace(" 'unsafe-inline'", "").replace(" data:", "")).toBe(policy);
    expect(ofSwagger).toContain("script-src 'self';");
  });

  test("is revalidated, and its assets are cached forever", async () => {
    expect((await answered("/")).headers.get("cache-control")).toBe("no-cache");
    for (const part of ["/assets/main.", "/assets/page.", "/swagger/swagger-ui-bundle."]) {
      const asset = await answered(pathOf(part));
      expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(pathOf(part)).toMatch(/\.[0-9a-f]{12}\.(js|css)$/);
    }
  });
});

describe("answers", () => {
  test("come in the accepted encoding and decode to the same bytes", async () => {
    const path = pathOf("swagger-ui-bundle.");
    const plain = await answered(path);
    const bytes = await plain.bytes();
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(plain.headers.get("vary")).toBe("Accept-Encoding");
    expect(Number(plain.headers.get("content-length"))).toBe(bytes.length);
    const gzip = await answered(path, { "accept-encoding": "gzip, deflate" });
    expect(gzip.headers.get("content-encoding")).toBe("gzip");
    expect(Buffer.compare(gunzipSync(await gzip.bytes()), bytes)).toBe(0);
    const zstd = await answered(path, { "accept-encoding": "gzip, deflate, br, zstd" });
    expect(zstd.headers.get("content-encoding")).toBe("zstd");
    expect(Buffer.compare(zstdDecompressSync(await zstd.bytes()), bytes)).toBe(0);
    const refused = await answered(path, { "accept-encoding": "gzip;q=0" });
    expect(refused.headers.get("content-encoding")).toBeNull();
  });

  test("become a 304 without body for their own ETag, and for that of no other encoding", async () => {
    const etag = (await answered("/", { "accept-encoding": "gzip" })).headers.get("etag") ?? "";
    const headers = { "accept-encoding": "gzip", "if-none-match": `"other", W/${etag}` };
    const unchanged = await answered("/", headers);
    expect(unchanged.status).toBe(304);
    expect(unchanged.headers.get("etag")).toBe(etag);
    expect(unchanged.headers.get("cache-control")).toBe("no-cache");
    expect(await unchanged.text()).toBe("");
    expect((await answered("/", { "if-none-match": etag })).status).toBe(200);
  });

  test("to HEAD have the headers of GET and no body", async () => {
    const path = pathOf("swagger-ui-bundle.");
    const head = await answered(path, { "accept-encoding": "gzip" }, "HEAD");
    const get = await answered(path, { "accept-encoding": "gzip" });
    expect([...head.headers]).toEqual([...get.headers]);
    expect(await head.text()).toBe("");
    await get.body?.cancel();
  });

  test("don't depend on case or a slash at the end", async () => {
    expect((await answered("/Swagger/INDEX.html/")).headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect((await answered(pathOf("/assets/main.").toUpperCase())).status).toBe(200);
  });

  test("to other methods are a 405 that names the allowed ones", () => {
    const problem = problemOf(() => ask("/", {}, "POST"));
    expect(problem.status).toBe(405);
    expect(problem.extra.headers).toEqual({ allow: "GET, HEAD" });
  });
});

test("Swagger's folder and the old icon lead to where they are now", async () => {
  for (const path of ["/swagger", "/swagger/", "/SWAGGER"]) {
    const response = await answered(path);
    expect([response.status, response.headers.get("location")]).toEqual([302, "/swagger/index.html"]);
  }
  const icon = (await answered("/favicon.ico")).headers.get("location") ?? "";
  expect((await answered(icon)).headers.get("content-type")).toBe("image/svg+xml");
});

test("no path leads to a file that the build did not list", () => {
  const file = readdirSync(folder).find((name) => name.endsWith(".js")) ?? "";
  const attempts = [
    `/${file}`,
    `/assets/${file}`,
    `/assets/${MANIFEST_NAME}`,
    "/assets/../package.json",
    "/assets/%2e%2e/%2e%2e/build.ts",
    "/assets/..%2f..%2fbuild.ts",
    "/swagger/..\\..\\build.ts",
    "/swagger/v1/swagger.json",
    "/assets/",
    "/assets/__proto__",
    "/constructor",
    "//",
    "",
    "/\0",
  ];
  for (const path of attempts) {
    expect([path, pages(path, new Request("http://localhost/"))]).toEqual([path, undefined]);
  }
});

describe("without a build", () => {
  test("the page explains how to build it, is found once it is built, and other paths still work", async () => {
    const empty = join(folder, "none-yet");
    const late = createStaticPages(empty);
    for (const path of ["/", "/swagger/index.html"]) {
      const problem = problemOf(() => ask(path, {}, "GET", late));
      expect(problem.status).toBe(503);
      expect(problem.detail).toContain("bun api/page/build.ts");
    }
    expect(ask("/Cities", {}, "GET", late)).toBeUndefined();

    mkdirSync(empty);
    writeFileSync(join(empty, "a.html"), "<p>built</p>");
    const files: Manifest["files"] = [
      {
        path: "/",
        type: "text/html; charset=utf-8",
        hash: "a",
        caching: "revalidate",
        stored: { identity: { name: "a.html", size: 12 } },
      },
    ];
    writeFileSync(join(empty, MANIFEST_NAME), JSON.stringify({ files }));
    expect(await ask("/", {}, "GET", late)?.text()).toBe("<p>built</p>");

    writeFileSync(join(empty, "b.html"), "<p>again</p>");
    rmSync(join(empty, "a.html"));
    const again = files.map((file) => ({ ...file, hash: "b", stored: { identity: { name: "b.html", size: 12 } } }));
    writeFileSync(join(empty, MANIFEST_NAME), JSON.stringify({ files: again }));
    expect(await ask("/", {}, "GET", late)?.text()).toBe("<p>again</p>");
  });
});

test("an answer that is not read to its end closes its file", async () => {
  if (process.platform !== "linux") return;
  const path = pathOf("swagger-ui-bundle.");
  for (let round = 0; round < 20; round++) {
    const reader = (await answered(path)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const early = (await answered(path)).body?.getReader();
    const reading = early?.read();
    await early?.cancel();
    await reading;
    await answered(path);
  }
  // Bun closes files on threads of its own, some time after the answer.
  for (let turn = 0; turn < 1_000 && openFilesBelow(folder).length > 0; turn++) await Bun.sleep(10);
  expect(openFilesBelow(folder)).toEqual([]);
});
