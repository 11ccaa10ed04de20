import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isGiven } from "../../../skips.fixture.ts";
import { type Child, EmbeddedDatabaseFixture, MODULE, pathWithout, query } from "./embedded-database.fixture.ts";

setDefaultTimeout(60_000);
const NOBODY = "65534";
const asNobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];

const isRoot = isGiven("root", process.getuid?.() === 0);
const rootOnLinux = isRoot && isGiven("Linux", process.platform === "linux");
const nobodyReaches =
  rootOnLinux &&
  isGiven(
    "a checkout that the account nobody may read",
    succeeds([...asNobody, process.execPath, "-e", `await import("${MODULE}")`]),
  );

function succeeds([program = "", ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { cwd: "/" }).status === 0;
}

function giveToNobody(path: string): void {
  chownSync(path, Number(NOBODY), Number(NOBODY));
}

async function stop(child: Child): Promise<void> {
  const end = once(child.process, "exit");
  child.process.kill("SIGTERM");
  await end;
}

let fixture: EmbeddedDatabaseFixture;
beforeEach(() => {
  fixture = new EmbeddedDatabaseFixture();
});
afterEach(() => fixture.cleanUp());

describe("who may run it", () => {
  test.skipIf(!isRoot)("root, in a folder that nobody else may enter", async () => {
    mkdirSync(fixture.place);
    chmodSync(fixture.place, 0o700);
    const { url } = await fixture.open();
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test.skipIf(!nobodyReaches)("an ordinary user", async () => {
    mkdirSync(fixture.place);
    chmodSync(dirname(fixture.place), 0o755);
    giveToNobody(fixture.place);
    const running = await fixture.openInChild({ before: asNobody });
    expect(await query(running.firstLine, "SELECT current_user")).toEqual([{ current_user: "weather" }]);
    expect(statSync(fixture.dataDirectory).uid).toBe(Number(NOBODY));
    await stop(running);
    expect(fixture.processes()).toEqual([]);
  });

  test.skipIf(!nobodyReaches)("an ordinary user learns how to take back a folder that root has made", async () => {
    await (await fixture.open()).stop();
    chmodSync(dirname(fixture.place), 0o755);
    const { firstLine } = await fixture.openInChild({ before: asNobody });
    expect(firstLine).toContain("belongs to another user (id 0)");
    expect(firstLine).toContain(`sudo chown -R "$(id -un)" "${fixture.folder}"`);
  });

  test.skipIf(!nobodyReaches)("root in the folder of an ordinary user, whose data stays that user's", async () => {
    mkdirSync(fixture.place);
    chmodSync(dirname(fixture.place), 0o755);
    giveToNobody(fixture.place);
    const database = await fixture.open();
    expect(await query(database.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(statSync(fixture.dataDirectory).uid).toBe(Number(NOBODY));
    await database.stop();
    expect(fixture.processes()).toEqual([]);
  });
});

describe("root where user namespaces are forbidden", () => {
  const withoutNamespaces = { environment: { PATH: "" } };
  beforeEach(() => {
    mkdirSync(fixture.place);
    withoutNamespaces.environment.PATH = pathWithout("unshare");
  });

  test.skipIf(!nobodyReaches)(
    "runs it under an account that can reach the folder, and goes back when it may",
    async () => {
      chmodSync(dirname(fixture.place), 0o755);
      const running = await fixture.openInChild(withoutNamespaces);
      await query(running.firstLine, "CREATE TABLE kept AS SELECT 42 AS answer");
      expect(statSync(fixture.dataDirectory).uid).not.toBe(0);
      await stop(running);
      expect(fixture.processes()).toEqual([]);

      const { url } = await fixture.open();
      expect(statSync(fixture.dataDirectory).uid).toBe(0);
      expect(await query(url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
    },
  );

  test.skipIf(!rootOnLinux)("explains what to do when no account can reach the folder", async () => {
    chmodSync(fixture.place, 0o700);
    const { firstLine } = await fixture.openInChild(withoutNamespaces);
    expect(firstLine).toContain("PostgreSQL cannot run as root");
    expect(firstLine).toContain("Run npm start as an ordinary user");
  });
});

/** Runs a command with a disk of 35 MB in the place of a folder, which only that command sees. */
const onSmallDisk = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'mount -t tmpfs -o size=35m none "$1" && shift && exec "$@"',
  "sh",
];
const canMount = rootOnLinux && isGiven("a system that lets root mount", succeeds(["unshare", "--mount", "true"]));

test.skipIf(!canMount)("a full disk is named as the reason", async () => {
  mkdirSync(fixture.place);
  const { firstLine } = await fixture.openInChild({ before: [...onSmallDisk, fixture.place] });
  expect(firstLine).toMatch(/The disk that holds .* is full/);
});
