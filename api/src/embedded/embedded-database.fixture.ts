import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { throwawayFolder } from "../../test/throwaway/folder.ts";
import { type EmbeddedDatabase, openEmbeddedDatabase } from "./embedded-database.ts";
import { clusterProcesses } from "./processes.ts";

export const MODULE = fileURLToPath(import.meta.resolve("./embedded-database.ts"));

const OPENING_PROGRAM = `
  const { openEmbeddedDatabase } = await import(process.argv[1]);
  try {
    const database = await openEmbeddedDatabase(process.argv[2], () => {});
    process.on("SIGINT", () => console.log("interrupted"));
    console.log(JSON.stringify(database.url));
    process.once("SIGTERM", () => database.stop().then(() => process.exit(0)));
    setInterval(() => {}, 1000);
  } catch (error) {
    console.log(JSON.stringify(error.message));
    process.exit(1);
  }
`;

interface ChildOptions {
  /** A command that runs the command after it. */
  readonly before?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Another process that opened the folder: stops it at SIGTERM, and prints a line at SIGINT. */
export interface Child {
  readonly process: ChildProcess;
  /** What it printed first: the URL, or why it could not open the folder. */
  readonly firstLine: string;
}

/** A folder that was opened and stopped: its copies spare the tests initdb, which takes most of a first start. */
let opened: Promise<string> | undefined;

async function openedFolder(): Promise<string> {
  const folder = join(throwawayFolder("embedded-before"), ".data");
  const database = await openEmbeddedDatabase(folder, () => {});
  await database.stop();
  return folder;
}

/** A folder of its own for one test, and ways to open the embedded database in it. */
export class EmbeddedDatabaseFixture {
  /** The folder above the data's; does not exist yet. */
  readonly place = throwawayFolder("embedded");
  readonly folder = join(this.place, ".data");
  readonly dataDirectory = join(this.folder, "cluster");
  readonly logged: string[] = [];
  readonly #opened: EmbeddedDatabase[] = [];
  readonly #children: ChildProcess[] = [];

  /** Puts data into the folder as an earlier start has left them. */
  async openedBefore(): Promise<void> {
    opened ??= openedFolder();
    mkdirSync(this.place);
    const copy = spawnSync("cp", ["-a", await opened, this.folder], { encoding: "utf8" });
    if (copy.status !== 0) throw new Error(copy.stderr);
  }

  async open(): Promise<EmbeddedDatabase> {
    const database = await openEmbeddedDatabase(this.folder, (message) => this.logged.push(message));
    this.#opened.push(database);
    return database;
  }

  startChild({ before = [], environment = {} }: ChildOptions = {}): ChildProcess {
    const command = [...before, process.execPath, "-e", OPENING_PROGRAM, MODULE, this.folder];
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      cwd: "/",
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.push(child);
    return child;
  }

  async openInChild(options?: ChildOptions): Promise<Child> {
    const child = this.startChild(options);
    return { process: child, firstLine: JSON.parse(await nextLine(child)) as string };
  }

  processes(): number[] {
    return clusterProcesses(this.dataDirectory);
  }

  async cleanUp(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const database of this.#opened) await database.stop();
  }
}

export async function nextLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("its output is not readable");
  const lines = createInterface(child.stdout);
  const [line] = await Promise.race([once(lines, "line"), once(child, "exit").then(() => ["null"])]);
  return String(line);
}

/** A zombie, of which only the exit code is left, does not run. */
export function isRunning(pid: number): boolean {
  return /^[^Z]/.test(spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout);
}

export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A search path of links to the programs that the start uses, without one of them. */
export function pathWithout(missing: string): string {
  const bin = throwawayFolder("bin");
  mkdirSync(bin);
  for (const name of ["sh", "setpriv", "unshare", "test", "chown", "ps"].filter((each) => each !== missing)) {
    const place = (process.env.PATH ?? "").split(":").find((each) => existsSync(join(each, name)));
    if (place !== undefined) symlinkSync(join(place, name), join(bin, name));
  }
  return bin;
}
