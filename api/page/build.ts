/**
 * Builds the page and Swagger UI: minified, compressed, and listed in a manifest for the server, which then has nothing
 * to do but send files. `bun api/page/build.ts [folder]`; the default folder is `dist` beside this file. Does nothing when the
 * folder was built from the same sources.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { MANIFEST_NAME, type Manifest, type StaticFile, type StoredFile } from "../src/http/static-pages.ts";

const here = import.meta.dirname;
const dist = process.argv[2] ?? join(here, "dist");
/** Holds the checksum of the sources that the folder was built from. */
const marker = join(dist, "sources.sha256");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

/** Slow to make and as quick to read as any. */
const STRONG_ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 19 } };

/** A compressed form is kept where it is smaller than this share of the plain one. */
const WORTHWHILE_SHARE = 0.9;

const LEGAL_NOTE = "/*! With uPlot 1.6.32, copyright (c) 2025 Leon Sorokin, MIT licence: /assets/uplot-license.txt */";

const files: StaticFile[] = [];

function shortHash(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}

function store(name: string, content: Uint8Array): StoredFile {
  writeFileSync(join(dist, name), content);
  return { name, size: content.length };
}

/** Writes a file, plain and compressed, under a name that tells its content, and lists it for a path. */
function add(path: string, source: Uint8Array | string, caching: StaticFile["caching"] = "revalidate"): void {
  const content = Buffer.from(source);
  const hash = shortHash(content);
  const extension = extname(path) || ".html";
  const type = TYPES[extension];
  if (type === undefined) throw new Error(`No content type is known for ${path}`);
  const name = `${hash}${extension}`;
  const isWorthwhile = (compressed: Uint8Array) => compressed.length < content.length * WORTHWHILE_SHARE;
  const [gzip, zstd] = [gzipSync(content, { level: 9 }), zstdCompressSync(content, STRONG_ZSTD)];
  const stored = {
    identity: store(name, content),
    ...(isWorthwhile(gzip) && { gzip: store(`${name}.gz`, gzip) }),
    ...(isWorthwhile(zstd) && { zstd: store(`${name}.zst`, zstd) }),
  };
  files.push({ path: path.toLowerCase(), type, hash, caching, stored });
}

/** Adds files under paths that hold their hashes, and puts these paths into the template, in the place of {{their names}}. */
function addWithAssets(
  path: string,
  template: string,
  folder: string,
  assets: Readonly<Record<string, Uint8Array | string>>,
): void {
  const html = readFileSync(join(here, template), "utf8").replace(/\{\{(.+?)\}\}/g, (_, name: string) => {
    const asset = assets[name];
    if (asset === undefined) throw new Error(`The template names ${name}, which was not built`);
    const extension = extname(name);
    const hashed = `${folder}/${name.slice(0, -extension.length)}.${shortHash(asset)}${extension}`;
    add(hashed, asset, "forever");
    return hashed;
  });
  add(path, html.replace(/^\s+/gm, ""));
}

async function bundle(entry: string, format: "esm" | "iife", banner = ""): Promise<string> {
  const built = await Bun.build({ entrypoints: [join(here, entry)], target: "browser", minify: true, format, banner });
  const [output] = built.outputs;
  if (output === undefined) throw new Error(`Nothing was built from ${entry}`);
  return output.text();
}

/** @param manifest the URL of the package's package.json */
function fromPackage(manifest: string, file: string): Uint8Array {
  return readFileSync(join(dirname(fileURLToPath(manifest)), file));
}

async function addPage(): Promise<void> {
  add("/favicon.svg", readFileSync(join(here, "favicon.svg")));
  add("/assets/uplot-license.txt", fromPackage(import.meta.resolve("uplot/package.json"), "LICENSE"));
  addWithAssets("/", "index.html", "/assets", {
    "main.js": await bundle("src/main.ts", "esm", LEGAL_NOTE),
    "theme-first.js": await bundle("src/theme-first.ts", "iife"),
    "page.css": await bundle("page.css", "esm"),
  });
}

async function addSwagger(): Promise<void> {
  const swagger = import.meta.resolve("swagger-ui-dist/package.json");
  addWithAssets("/swagger/index.html", "swagger/index.html", "/swagger", {
    "swagger-ui-bundle.js": fromPackage(swagger, "swagger-ui-bundle.js"),
    "swagger-ui.css": fromPackage(swagger, "swagger-ui.css"),
    "swagger-start.js": await bundle("swagger/start.ts", "iife"),
    "swagger.css": await bundle("swagger/swagger.css", "esm"),
  });
  for (const legal of ["swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"]) {
    add(`/swagger/${legal.replace(/(?<!\.txt)$/, ".txt")}`, fromPackage(swagger, legal));
  }
}

/** The versions of the packages are in bun.lock. */
function checksumOfSources(): string {
  const hash = createHash("sha256");
  const sources = readdirSync(here, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => !file.startsWith(join(here, "dist")))
    .sort();
  for (const file of [...sources, join(here, "../src/http/static-pages.ts"), join(here, "../../bun.lock")]) {
    hash.update(`${relative(here, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** The manifest comes last and at once: a server beside this build sees the old state or the new one. */
function finish(checksum: string): void {
  const manifest: Manifest = { files };
  const draft = join(dist, `${MANIFEST_NAME}.${process.pid}`);
  writeFileSync(draft, JSON.stringify(manifest, null, 2));
  renameSync(draft, join(dist, MANIFEST_NAME));
  const expected = new Set([
    MANIFEST_NAME,
    ...files.flatMap(({ stored }) => Object.values(stored).map(({ name }) => name)),
  ]);
  for (const name of readdirSync(dist)) if (!expected.has(name)) rmSync(join(dist, name), { force: true });
  writeFileSync(marker, checksum);
}

const checksum = checksumOfSources();
const isUpToDate =
  existsSync(join(dist, MANIFEST_NAME)) && existsSync(marker) && readFileSync(marker, "utf8") === checksum;
if (!isUpToDate) {
  mkdirSync(dist, { recursive: true });
  await addPage();
  await addSwagger();
  finish(checksum);
  const ofPage = files.filter(({ path }) => !path.startsWith("/swagger") && !path.endsWith(".txt"));
  const bytes = ofPage.reduce((sum, { stored }) => sum + (stored.gzip ?? stored.identity).size, 0);
  console.log(`Built the page (${(bytes / 1000).toFixed(1)} kB in gzip) and Swagger UI: ${files.length} files`);
}
