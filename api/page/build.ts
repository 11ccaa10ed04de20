/**
 * Builds the page and Swagger UI: minified, compressed, and listed in a manifest for the server, which then has nothing
 * to do but send files. `bun api/page/build.ts [folder]`; the default folder is `dist` beside this file. Does nothing when the
 * folder was built from the same sources.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { MANIFEST_NAME, type Manifest, type StaticFile, type StoredFile } from "../src/http/static-manifest.ts";
import type { EncodingName } from "../src/model/encodings.ts";

const here = folderOf(import.meta.url);
const dist = process.argv[2] ?? join(here, "dist");
/** Holds the checksum of the sources that the folder was built from. */
const marker = join(dist, "sources.sha256");

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

/** Slow to make and as quick to read as any. */
const STRONG_ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 19 } };

const LEGAL_NOTE = "/*! With uPlot 1.6.32, copyright (c) 2025 Leon Sorokin, MIT licence: /assets/uplot-license.txt */";

const files: StaticFile[] = [];

function shortHash(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}

function store(name: string, content: Uint8Array): StoredFile {
  writeFileSync(join(dist, name), content);
  return { name, size: content.length };
}

/** Keeps a compressed form where it saves something. */
function smaller(
  encoding: "gzip" | "zstd",
  name: string,
  compressed: Uint8Array,
  content: Uint8Array,
): { [encoding in EncodingName]?: StoredFile } {
  return compressed.length < content.length * 0.9 ? { [encoding]: store(name, compressed) } : {};
}

/** Writes a file, plain and compressed, under a name that tells its content, and lists it for a path. */
function add(path: string, source: Uint8Array | string, caching: StaticFile["caching"]): void {
  const content = Buffer.from(source);
  const hash = shortHash(content);
  const extension = path.slice(path.lastIndexOf(".") + 1);
  const type = TYPES[path === "/" ? "html" : extension];
  if (type === undefined) throw new Error(`No content type is known for ${path}`);
  const name = `${hash}.${path === "/" ? "html" : extension}`;
  const stored: StaticFile["stored"] = {
    identity: store(name, content),
    ...smaller("gzip", `${name}.gz`, gzipSync(content, { level: 9 }), content),
    ...smaller("zstd", `${name}.zst`, zstdCompressSync(content, STRONG_ZSTD), content),
  };
  files.push({ path: path.toLowerCase(), type, hash, caching, stored });
}

/** Adds a file under a path that holds its hash, and returns that path. */
function addForever(folder: string, name: string, content: Uint8Array | string): string {
  const dot = name.lastIndexOf(".");
  const path = `${folder}/${name.slice(0, dot)}.${shortHash(Buffer.from(content))}${name.slice(dot)}`;
  add(path, content, "forever");
  return path;
}

async function bundle(entry: string, format: "esm" | "iife", banner = ""): Promise<string> {
  const built = await Bun.build({ entrypoints: [join(here, entry)], target: "browser", minify: true, format, banner });
  const [output] = built.outputs;
  if (output === undefined) throw new Error(`Nothing was built from ${entry}`);
  return output.text();
}

/** Puts the paths of the assets in the place of their names in double braces. */
function fill(template: string, paths: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(.+?)\}\}/g, (_, name: string) => {
    const path = paths[name];
    if (path === undefined) throw new Error(`The template names ${name}, which was not built`);
    return path;
  });
}

function withoutIndent(html: string): string {
  return html.replace(/^\s+/gm, "");
}

function folderOf(url: string): string {
  return dirname(fileURLToPath(url));
}

async function addPage(): Promise<void> {
  const html = readFileSync(join(here, "index.html"), "utf8");
  add("/favicon.svg", readFileSync(join(here, "favicon.svg")), "revalidate");
  add(
    "/assets/uplot-license.txt",
    readFileSync(join(folderOf(import.meta.resolve("uplot/package.json")), "LICENSE")),
    "revalidate",
  );
  const paths = {
    "main.js": addForever("/assets", "main.js", await bundle("src/main.ts", "esm", LEGAL_NOTE)),
    "theme-first.js": addForever("/assets", "theme-first.js", await bundle("src/theme-first.ts", "iife")),
    "page.css": addForever("/assets", "page.css", await bundle("page.css", "esm")),
  };
  add("/", withoutIndent(fill(html, paths)), "revalidate");
}

async function addSwagger(): Promise<void> {
  const swagger = folderOf(import.meta.resolve("swagger-ui-dist/package.json"));
  const html = readFileSync(join(here, "swagger", "index.html"), "utf8");
  const fromPackage = (name: string): string => addForever("/swagger", name, readFileSync(join(swagger, name)));
  const paths = {
    "swagger-ui-bundle.js": fromPackage("swagger-ui-bundle.js"),
    "swagger-ui.css": fromPackage("swagger-ui.css"),
    "swagger-start.js": addForever("/swagger", "swagger-start.js", await bundle("swagger/start.ts", "iife")),
    "swagger.css": addForever("/swagger", "swagger.css", await bundle("swagger/swagger.css", "esm")),
  };
  for (const legal of ["swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"]) {
    const name = legal.endsWith(".txt") ? legal : `${legal}.txt`;
    add(`/swagger/${name}`, readFileSync(join(swagger, legal)), "revalidate");
  }
  add("/swagger/index.html", withoutIndent(fill(html, paths)), "revalidate");
}

/** The versions of the packages are in bun.lock. */
function checksumOfSources(): string {
  const hash = createHash("sha256");
  const sources = readdirSync(here, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => !file.startsWith(join(here, "dist")))
    .sort();
  for (const file of [...sources, join(here, "../src/http/static-manifest.ts"), join(here, "../../bun.lock")]) {
    hash.update(`${relative(here, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function isUpToDate(checksum: string): boolean {
  return existsSync(join(dist, MANIFEST_NAME)) && existsSync(marker) && readFileSync(marker, "utf8") === checksum;
}

/** The manifest comes last and at once: a server beside this build sees the old state or the new one. */
function finish(checksum: string): void {
  const manifest: Manifest = { files };
  const draft = join(dist, `${MANIFEST_NAME}.${process.pid}`);
  writeFileSync(draft, JSON.stringify(manifest, null, 2));
  renameSync(draft, join(dist, MANIFEST_NAME));
  const expected = new Set(files.flatMap(({ stored }) => Object.values(stored).map(({ name }) => name)));
  for (const name of readdirSync(dist)) {
    if (name !== MANIFEST_NAME && !expected.has(name)) rmSync(join(dist, name), { force: true });
  }
  writeFileSync(marker, checksum);
}

async function build(checksum: string): Promise<void> {
  mkdirSync(dist, { recursive: true });
  await addPage();
  await addSwagger();
  finish(checksum);
  const ofPage = files.filter(({ path }) => !path.startsWith("/swagger") && !path.endsWith(".txt"));
  const bytes = ofPage.reduce((sum, { stored }) => sum + (stored.gzip ?? stored.identity).size, 0);
  console.log(`Built the page (${(bytes / 1000).toFixed(1)} kB in gzip) and Swagger UI: ${files.length} files`);
}

const checksum = checksumOfSources();
if (!isUpToDate(checksum)) await build(checksum);
