// @ts-check
/**
 * What npm's scripts and `ring` run first: checks Node, and installs the pinned Bun and the dependencies of bun.lock where they
 * are missing or have changed. Needs nothing but Node and npm.
 *
 * The scripts then `exec` their program: it takes the place of npm's shell, so npm's signals reach it and npm gets its exit code.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MIN_NODE_MAJOR = 20;
/** The owner of the lock touches it this often; a lock that nobody touched for so long was left by a killed installation. */
const TOUCH_INTERVAL_MS = 1_000;
const LOCK_LIFETIME_MS = 10_000;

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, "node_modules");
/** Holds the checksum of the manifests that are installed; written last. */
const marker = join(modules, ".goldenring-installed");
/** Exists while an installation runs, and after one was killed. */
const lock = join(modules, ".goldenring-installing");
/** The Bun that installs the others, among them the one that stays. */
const firstBun = join(modules, ".goldenring-bun");
const bun = join(modules, ".bin", "bun");

const { workspaces, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

function checkNode() {
  if (process.platform === "win32") throw new Error("On Windows, use the Windows Subsystem for Linux: wsl --install");
  if (Number.parseInt(process.versions.node, 10) >= MIN_NODE_MAJOR) return;
  throw new Error(
    `Node ${MIN_NODE_MAJOR} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`,
  );
}

function checksum() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  const manifests = ["", ...workspaces].map((/** @type {string} */ folder) => join(folder, "package.json"));
  for (const file of ["bun.lock", ...manifests]) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function isInstalled() {
  return existsSync(bun) && existsSync(marker) && readFileSync(marker, "utf8") === checksum();
}

/** Waits while another process installs. Resolves with whether the lock had been left by a killed one. */
async function takeLock() {
  for (let waits = false; ; waits = true) {
    mkdirSync(modules, { recursive: true });
    try {
      writeFileSync(lock, "", { flag: "wx" });
      return false;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    }
    const touchedMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - touchedMs > LOCK_LIFETIME_MS) return true;
    if (!waits) console.error("Another command installs the dependencies, or did a moment ago: waiting for it ...");
    await delay(TOUCH_INTERVAL_MS / 2);
  }
}

function touchLock() {
  if (existsSync(lock)) utimesSync(lock, new Date(), new Date());
}

/** A package that is copied by half looks installed to the installer, so nothing of an interrupted installation stays. */
function removeInstalled() {
  for (const folder of workspaces) rmSync(join(root, folder, "node_modules"), { recursive: true, force: true });
  for (const name of existsSync(modules) ? readdirSync(modules) : []) {
    if (join(modules, name) !== lock) rmSync(join(modules, name), { recursive: true, force: true });
  }
}

const stopping = new AbortController();

/** @param {readonly string[]} command its output is shown only when it fails */
async function run([program = "", ...args]) {
  stopping.signal.throwIfAborted();
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  stopping.signal.addEventListener("abort", () => child.kill());
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`${output.trim()}\n${program} ended with exit code ${code}.`);
}

/**
 * What npm may install as the first Bun: the packages of bun.lock, each with its checksum, which npm compares before it unpacks anything or runs a script.
 */
function writeFirstLock() {
  // Like JSON, with commas before closing brackets.
  const { packages: known } = JSON.parse(readFileSync(join(root, "bun.lock"), "utf8").replace(/,(?=\s*[}\]])/g, ""));
  const dependencies = { bun: devDependencies.bun };
  /** @type {Record<string, object>} */
  const packages = { "": { dependencies } };
  for (const name of ["bun", ...Object.keys(known.bun[2].optionalDependencies ?? {})]) {
    const [id, , { bin, os, cpu, libc, optionalDependencies, hasInstallScript }, integrity] = known[name];
    const version = id.slice(name.length + 1);
    const fits = [os, cpu, libc].map((each) => (typeof each === "string" ? [each] : each));
    packages[`node_modules/${name}`] = {
      ...{ version, integrity, bin, os: fits[0], cpu: fits[1], libc: fits[2], optionalDependencies, hasInstallScript },
      optional: name !== "bun",
    };
  }
  mkdirSync(firstBun, { recursive: true });
  writeFileSync(join(firstBun, "package.json"), JSON.stringify({ dependencies }));
  writeFileSync(join(firstBun, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, requires: true, packages }));
}

async function install() {
  if (await takeLock()) {
    touchLock();
    console.error("An earlier installation was interrupted: starting from scratch.");
    removeInstalled();
  }
  if (isInstalled()) return rmSync(lock);
  console.error("Installing the dependencies (150 MB, only the first time and when they change) ...");
  const parent = process.ppid;
  const life = setInterval(() => {
    touchLock();
    if (process.ppid !== parent) stopping.abort();
  }, TOUCH_INTERVAL_MS);
  try {
    rmSync(marker, { force: true });
    // Not npx: when it is killed it leaves a half-written folder in the user's cache, and each later start fails on that.
    const options = ["--no-audit", "--no-fund", "--package-lock", "--ignore-scripts=false", "--prefer-offline"];
    writeFirstLock();
    await run(["npm", "ci", "--prefix", firstBun, ...options]);
    await run([join(firstBun, "node_modules/.bin/bun"), "install", "--frozen-lockfile"]);
    await run([bun, "--version"]);
    rmSync(firstBun, { recursive: true, force: true });
    writeFileSync(marker, checksum());
  } catch (error) {
    removeInstalled();
    if (stopping.signal.aborted) throw new Error("Interrupted. The next start installs from scratch.");
    const advice = "The network, the disk (600 MB must be free), or the permissions of this folder may be the reason.";
    throw new Error(`${error instanceof Error ? error.message : error}\n\nThe installation failed. ${advice}`);
  } finally {
    clearInterval(life);
    rmSync(lock, { force: true });
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stopping.abort());
try {
  checkNode();
  if (!isInstalled()) await install();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}
