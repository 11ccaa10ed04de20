// @ts-check
/**
 * What `npm start`, `npm test` and `npm run bench` run: installs what a task needs (the first time, and after a change of bun.lock),
 * builds the page, and runs the task with the installed Bun. Needs nothing but Node and npm.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 20;
const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, "node_modules");
const programs = join(modules, ".bin");

/** Names the dependencies that are installed; written when an installation is complete. */
const installedStamp = join(modules, ".goldenring-installed");
/** Exists while an installation runs, and stays when it was interrupted. */
const installingMark = join(modules, ".goldenring-installing");
/** Names the sources that the page was built from. */
const pageStamp = join(modules, ".goldenring-page");

/** Bun needs Bun to install it beside the other dependencies; this one is removed when that is done. */
const firstBun = join(modules, ".goldenring-bun");
/** By default npm needs over a minute to say that there is no network; and Bun's package needs its install script. */
const NPM_OPTIONS = [
  "--no-save",
  "--no-audit",
  "--no-fund",
  "--no-package-lock",
  "--no-update-notifier",
  "--ignore-scripts=false",
  "--prefer-offline",
  "--fetch-retry-mintimeout=1000",
  "--fetch-retry-maxtimeout=5000",
];

/** Milliseconds between two signs of life of a running installation, and after how many without one it is dead. */
const SIGN_OF_LIFE = 1_000;
const DEAD_AFTER = 10_000;

/** @type {readonly (readonly [RegExp, string])[]} */
const INSTALLATION_ADVICE = [
  [
    /ENOSPC|No space left|disk quota/i,
    "The disk is full: about 600 MB must be free, here and for the folders ~/.npm and ~/.bun. Then run the command again.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|DNSResolve|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ConnectionRefused|FailedToOpenSocket|timed? ?out/i,
    "The package registry is out of reach: check the network, and the proxy and registry settings (npm config list). Then run the command again.",
  ],
  [
    /CERT_|SELF_SIGNED|certificate/i,
    "The registry's certificate is not trusted: behind a company proxy, set NODE_EXTRA_CA_CERTS to the file of its certificate.",
  ],
  [
    /EACCES|EPERM|EROFS|Permission denied|Read-only/i,
    `This user may not write to ${root}, ~/.npm or ~/.bun: give them back with chown, or use a checkout of your own.`,
  ],
  [/frozen/i, "bun.lock does not match the package.json files: run npx bun install and commit bun.lock."],
];

/**
 * @typedef {object} Step
 * @property {string} [headline]
 * @property {readonly string[]} command program of node_modules/.bin, then its arguments
 *
 * @typedef {object} Task
 * @property {string} about
 * @property {boolean} needsPage
 * @property {(args: readonly string[]) => readonly Step[]} steps
 */

/** @type {Readonly<Record<string, Task>>} */
const TASKS = {
  start: {
    about: "starts the API, with an embedded PostgreSQL unless DATABASE_URL is set",
    needsPage: true,
    steps: (args) => [{ command: ["bun", "api/src/main.ts", ...args] }],
  },
  test: {
    about: "runs all checks and tests; with arguments only `bun test` with them: npm test -- api/src/model",
    needsPage: true,
    steps: (args) => {
      if (args.length > 0) return [{ headline: "Tests (bun test)", command: ["bun", "test", ...args] }];
      // Biome's ci command writes colors even into a file.
      const colors = process.stdout.isTTY ? [] : ["--colors=off"];
      return [
        { headline: "Style and lint (biome ci)", command: ["biome", "ci", ...colors, "."] },
        { headline: "Types (tsc)", command: ["tsc", "--noEmit", "-p", "."] },
        { headline: "Dead code (knip)", command: ["knip"] },
        // Most tests wait for something real; more than two at a time would make each other late.
        { headline: "Tests (bun test)", command: ["bun", "test", "--parallel=2"] },
      ];
    },
  },
  bench: {
    about: "measures the API against its bars",
    needsPage: true,
    steps: (args) => [{ command: ["bun", "api/bench/main.ts", ...args] }],
  },
  bundle: {
    about: "makes api/bundle: the API as one program and its page, for machines that have nothing but Bun",
    needsPage: true,
    steps: (args) => [{ command: ["bun", "api/bundle.ts", ...args] }],
  },
  "test:stand": {
    about: "brings the stand up (root, Linux), does faults to it and judges what its clients saw; -- --help",
    needsPage: false,
    steps: (args) => {
      const faults = { headline: "Faults (stand-tests)", command: ["bun", "stand-tests/main.ts", ...args] };
      if (args.some((each) => ["--help", "--list"].includes(each))) return [{ command: faults.command }];
      return [{ headline: "The stand (ring up)", command: ["./ring", "up"] }, faults];
    },
  },
  ring: {
    about: "installs what ./ring needs, and runs nothing",
    needsPage: false,
    steps: () => [],
  },
  format: {
    about: "formats all files and mends what the linter can mend",
    needsPage: false,
    steps: (args) => [{ command: ["biome", "check", "--write", ...(args.length > 0 ? args : ["."])] }],
  },
};

/** An end that is explained to the user in words and not by a stack trace. */
class Stop extends Error {
  /**
   * @param {string} message empty when all has been said
   * @param {number} exitCode
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @param {string} message */
function say(message) {
  process.stderr.write(`${message}\n`);
}

/** @returns {string} */
function help() {
  const lines = Object.entries(TASKS).map(([name, { about }]) => `  ${name.padEnd(8)}${about}`);
  return `Usage: node bootstrap.mjs TASK [ARGUMENT ...]\n\nTasks (npm start, npm test, and npm run for the others):\n${lines.join("\n")}`;
}

function checkPlatform() {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < OLDEST_NODE) {
    throw new Stop(
      `Node ${OLDEST_NODE} or newer is needed, this is ${process.versions.node}.\nInstall a current one from https://nodejs.org.`,
    );
  }
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new Stop(
      `${platform} is not supported, only ${PLATFORMS.join(", ")}.\nOn Windows, use the Windows Subsystem for Linux (wsl --install).`,
    );
  }
}

/**
 * @param {readonly string[]} files paths from the root; a missing one counts as such
 * @param {readonly string[]} facts
 */
function fingerprint(files, facts = []) {
  const hash = createHash("sha256");
  for (const fact of facts) hash.update(`${fact}\0`);
  for (const file of files) {
    const path = join(root, file);
    hash.update(`${file}\0`);
    hash.update(existsSync(path) ? readFileSync(path) : "missing");
  }
  return hash.digest("hex");
}

/**
 * @param {string} stamp
 * @param {string} wanted
 */
function matches(stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

function manifest() {
  return /** @type {{ workspaces: string[], devDependencies: { bun: string } }} */ (
    JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  );
}

async function installDependencies() {
  const { workspaces, devDependencies } = manifest();
  const manifests = ["package.json", ...workspaces.map((workspace) => `${workspace}/package.json`)];
  const wanted = fingerprint(["bun.lock", ...manifests], [process.platform, process.arch]);
  const isInstalled = () => matches(installedStamp, wanted) && existsSync(join(programs, "bun"));
  if (isInstalled()) return;

  const interrupted = await takeTurn();
  if (isInstalled()) return rmSync(installingMark);
  rmSync(installedStamp, { force: true });
  if (interrupted) {
    say("An earlier installation was interrupted; starting it afresh.");
    removeInstalled(workspaces);
  }
  say("Installing the dependencies (some 150 MB, only the first time and when they change) ...");
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const life = setInterval(() => {
    showLife();
    if (seconds() % 15 === 0) say(`... ${seconds()} s`);
  }, SIGN_OF_LIFE);
  try {
    // Not npx: killed in the middle, it leaves a lock and a half-written folder in the user's cache that no later start gets past.
    await installStep(["npm", "install", "--prefix", firstBun, ...NPM_OPTIONS, `bun@${devDependencies.bun}`]);
    await installStep([join(firstBun, "node_modules/.bin/bun"), "install", "--frozen-lockfile"]);
    await checkBun(devDependencies.bun);
  } catch (error) {
    // Nobody has to wait for this one any more.
    if (existsSync(installingMark)) utimesSync(installingMark, 0, 0);
    throw error;
  } finally {
    clearInterval(life);
  }
  rmSync(firstBun, { recursive: true, force: true });
  writeFileSync(installedStamp, wanted);
  rmSync(installingMark, { force: true });
  say(`Installed in ${seconds()} s.`);
}

/** @param {readonly string[]} command */
async function installStep(command) {
  const { code, output } = await run(command, "quiet");
  if (stopSignal !== undefined) {
    throw new Stop("Stopped. The next start begins the installation again.", exitCodeOf(stopSignal));
  }
  if (code !== 0) throw new Stop(`${output.trim()}\n\nThe installation failed. ${installationAdvice(output)}`);
}

/**
 * Two commands in two terminals at the first start: the second one waits for the first. Resolves when the installing mark
 * is this process's, with whether it was left behind by an interrupted installation.
 */
async function takeTurn() {
  mkdirSync(modules, { recursive: true });
  for (let said = false; ; said = true) {
    try {
      writeFileSync(installingMark, "", { flag: "wx" });
      return false;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    }
    const { mtimeMs } = statSync(installingMark, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > DEAD_AFTER) {
      showLife();
      return true;
    }
    if (!said) say("Another command is installing the dependencies, or was a moment ago; waiting for it ...");
    await delay(SIGN_OF_LIFE / 2);
    if (stopSignal !== undefined) throw new Stop("", exitCodeOf(stopSignal));
  }
}

function showLife() {
  const now = new Date();
  // Somebody may have removed node_modules; the installation itself will say what comes of it.
  if (existsSync(installingMark)) utimesSync(installingMark, now, now);
}

/**
 * A package that was half copied looks installed to the installer, so nothing but the mark may stay.
 *
 * @param {readonly string[]} workspaces
 */
function removeInstalled(workspaces) {
  for (const name of readdirSync(modules)) {
    if (join(modules, name) !== installingMark) rmSync(join(modules, name), { recursive: true, force: true });
  }
  for (const workspace of workspaces) rmSync(join(root, workspace, "node_modules"), { recursive: true, force: true });
}

/** @param {string} version */
async function checkBun(version) {
  const { code, output } = await run(["bun", "--version"], "quiet");
  if (code === 0 && output.trim() === version) return;
  throw new Stop(
    `The installed Bun does not run (expected version ${version}, got: ${output.trim() || `exit code ${code}`}).\n` +
      "If npm or Bun are told to ignore install scripts (npm config get ignore-scripts), allow them for this project.",
  );
}

/** @param {string} output of a failed installation */
function installationAdvice(output) {
  const known = INSTALLATION_ADVICE.find(([symptom]) => symptom.test(output));
  return (
    known?.[1] ?? "Run the command again; if it fails again, remove the folder node_modules and run npm cache verify."
  );
}

async function buildPage() {
  if (!existsSync(join(root, "api/page/build.ts"))) return;
  const sources = readdirSync(join(root, "api/page"), { recursive: true, encoding: "utf8" })
    .map((name) => `api/page/${name}`)
    .filter((file) => !file.startsWith("api/page/dist/") && statSync(join(root, file)).isFile())
    .sort();
  const wanted = fingerprint([...sources, "api/src/http/static-manifest.ts", "bun.lock"]);
  if (matches(pageStamp, wanted) && existsSync(join(root, "api/page/dist/manifest.json"))) return;
  const { code } = await run(["bun", "api/page/build.ts"]);
  if (code !== 0) throw new Stop("The page could not be built, see above.");
  writeFileSync(pageStamp, wanted);
}

/** @param {readonly Step[]} steps */
async function runSteps(steps) {
  const started = performance.now();
  for (const [index, { headline, command }] of steps.entries()) {
    if (headline !== undefined) say(`\n== ${index + 1}/${steps.length} ${headline}`);
    const { code, signal } = await run(command);
    if (stopSignal !== undefined) throw new Stop("", code);
    if (signal !== null) say(`${command[0]} was ended by ${signal}.`);
    if (code !== 0) throw new Stop(headline === undefined ? "" : `\n${headline}: failed.`, code);
  }
  if (steps.some(({ headline }) => headline !== undefined)) {
    say(`\nAll passed in ${Math.round((performance.now() - started) / 1000)} s.`);
  }
}

/** @type {NodeJS.Signals | undefined} */
let stopSignal;
let stopSignalAt = 0;
/** @type {((signal: NodeJS.Signals) => void) | undefined} */
let forward;

/**
 * Ctrl-C reaches this process twice, from the terminal and from npm. The running program is in a process group of its own
 * and gets it from here, once; a second Ctrl-C, for those who are out of patience, gets through too.
 *
 * @param {NodeJS.Signals} signal
 */
function stop(signal) {
  const now = performance.now();
  if (stopSignal !== undefined && now - stopSignalAt < 1_000) return;
  stopSignal = signal;
  stopSignalAt = now;
  // A closed terminal sends SIGHUP; programs end cleanly at SIGTERM.
  forward?.(signal === "SIGHUP" ? "SIGTERM" : signal);
}

/**
 * Runs a program to its end.
 *
 * @param {readonly string[]} command
 * @param {"shown" | "quiet"} visibility quiet: its output is only returned
 * @returns {Promise<{ code: number, signal: NodeJS.Signals | null, output: string }>} code: as a shell would say it
 */
async function run([program = "", ...args], visibility = "shown") {
  if (stopSignal !== undefined) throw new Stop("", exitCodeOf(stopSignal));
  const path = [programs, process.env.PATH, dirname(process.execPath)].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    env: { ...process.env, PATH: path },
    stdio: visibility === "quiet" ? ["ignore", "pipe", "pipe"] : "inherit",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  forward = (signal) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has just ended.
    }
  };
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error) => reject(new Stop(`${program} cannot be started: ${error.message}`)));
      child.once("close", (code, signal) => {
        resolve({ code: signal === null ? (code ?? 1) : exitCodeOf(signal), signal, output });
      });
    });
  } finally {
    forward = undefined;
  }
}

/** @param {NodeJS.Signals} signal */
function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}

/** @param {readonly string[]} args */
async function main([name = "", ...args]) {
  if (name === "--help" || name === "-h" || name === "help") return console.log(help());
  const task = Object.entries(TASKS).find(([known]) => known === name)?.[1];
  if (task === undefined) throw new Stop(`${name ? `There is no task "${name}".` : "Which task?"}\n\n${help()}`, 2);
  checkPlatform();
  await installDependencies().catch((error) => {
    throw error instanceof Stop ? error : new Stop(`${error.message}\n${installationAdvice(error.message)}`);
  });
  if (task.needsPage) await buildPage();
  await runSteps(task.steps(args[0] === "--" ? args.slice(1) : args));
}

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, stop);
// The terminal may be closed before the program has stopped.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

try {
  await main(process.argv.slice(2));
} catch (error) {
  const { message, exitCode } =
    error instanceof Stop ? error : new Stop(error instanceof Error ? error.message : String(error));
  if (message !== "") say(message);
  process.exitCode = exitCode;
}
