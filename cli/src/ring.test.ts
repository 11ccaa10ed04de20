import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, EXIT_MEANINGS, type ExitName } from "@goldenring/run-kit";
import { CHECKOUT, runProgram } from "@goldenring/stand";

setDefaultTimeout(30_000);

/** The real command, called by a symbolic link from a folder of its own, for a stand that does not exist. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-ring-"));
  symlinkSync(join(CHECKOUT, "ring"), join(folder, "ring"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ring = (...args: string[]) => ringWith({}, ...args);

function ringWith(variables: NodeJS.ProcessEnv, ...args: string[]) {
  const environment = { ...process.env, RING_HOME: "home", ...variables };
  return runProgram(["./ring", ...args], { deadlineMs: 20_000, folder, environment });
}

const COMMANDS =
  "up down destroy status check alerts dashboards logins ssh logs sbom audit backup restore new-authority snapshot power network init guardian".split(
    " ",
  );

describe("ring", () => {
  test("explains every command, with examples and the exit codes", async () => {
    const { code, stdout } = await ring("--help");
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}( |$)`, "m"));
    for (const [name, meaning] of Object.entries(EXIT_MEANINGS))
      expect(stdout).toContain(`${EXIT[name as ExitName]}`.padEnd(5) + meaning);
  });

  const wrong: [string, string[], string][] = [
    ["a command that does not exist", ["statsu"], "(Did you mean status?)"],
    ["an option that does not exist", ["status", "--jsno"], "(Did you mean --json?)"],
    ["a port of something unknown", ["up", "--ports", "apo=80"], '"apo=80" is none of api=PORT'],
    ["a number that is none", ["logs", "pg-01", "-n", "x"], "a whole number is expected"],
    ["an age that is none", ["alerts", "--since", "soon"], "90s, 10m, 2h or 1d is expected"],
    ["a restore without a target", ["restore"], "One of --to TIME, --to-latest"],
    ["a restore to the future", ["restore", "--to", "2999-01-31 12:00+02"], "in the future"],
    ["a moment that is none", ["restore", "--to", "2026-02-31 12:00"], "no moment such as"],
    ["an authority that is none", ["new-authority", "root"], "Allowed choices are servers, monitoring"],
    ["a group without a command", ["snapshot"], "Usage: ring snapshot"],
    ["a service file of nothing", ["init"], "Give one of --openapi URL|FILE and --from-curl"],
    ["an inventory that does not exist", ["-i", "no.yml", "status"], "no.yml cannot be used"],
  ];
  test.each(wrong)("refuses %s with exit code 2", async (_, args, message) => {
    const { code, stderr } = await ring(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  test.each([
    ["status"],
    ["ssh pg-01"],
    ["snapshot restore clean"],
    ["backup list"],
    ["new-authority servers"],
    ["power off pg-01"],
    ["network heal"],
    ["logins"],
    ["alerts"],
    ["alerts --follow"],
    ["dashboards verify"],
  ])("%s reports that there is no stand yet, with exit code 3", async (command) => {
    const { code, stderr } = await ring(...command.split(" "));
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining("There is no stand yet: `ring up`"),
    });
  });

  test("reads an inventory by a path that is relative to the user's folder, and refuses what only the lab can do", async () => {
    const vars = "vars: {stand_name: real, stand_network: 10.1.0.0/24, stand_secrets: /no/secrets}";
    writeFileSync(join(folder, "my.yml"), `all:\n  ${vars}\n  hosts: {pg-01: }\n`);
    const up = await ring("-i", "my.yml", "up");
    expect({ code: up.code, stderr: up.stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("`ring up` works only on the lab"),
    });
    const unknown = await ring("-i", "my.yml", "ssh", "pg-09");
    expect({ code: unknown.code, stderr: unknown.stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('no machine "pg-09"; it has pg-01'),
    });
  });

  test("shows what a machine logs without what it sends to the terminal, and ends with its exit code", async () => {
    const vars = "vars: {stand_name: real, stand_network: 10.1.0.0/24, stand_secrets: /no/secrets}";
    writeFileSync(join(folder, "my.yml"), `all:\n  ${vars}\n  hosts: {pg-01: }\n`);
    const script = "#!/bin/sh\nprintf '\\033[2Jall \\302\\233is well\\n'; printf '\\033]0;x\\007' >&2; exit 7\n";
    writeFileSync(join(folder, "ssh"), script, { mode: 0o755 });
    const PATH = `${folder}:${process.env.PATH}`;
    expect(await ringWith({ PATH }, "-i", "my.yml", "logs", "pg-01")).toEqual({
      code: 7,
      stdout: "\\u001b[2Jall \\u009bis well\n",
      stderr: "\\u001b]0;x\\u0007",
    });
  });

  test("asks before it destroys, and without a terminal needs --yes", async () => {
    const { code, stderr } = await ring("destroy");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("add --yes") });
  });
});

interface OsvQuery {
  readonly package: { readonly purl?: string; readonly ecosystem?: string; readonly name?: string };
  readonly version?: string;
  readonly page_token?: string;
}

/** Answers as OSV does (https://google.github.io/osv.dev/post-v1-querybatch/), and refuses what OSV refuses. */
class Osv {
  asked: OsvQuery[] = [];
  /** What it knows of a package; one page for each list. */
  advisories: Readonly<Record<string, readonly (readonly string[])[]>> = {};
  isThere = true;
  readonly #server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });

  get url(): string {
    return this.#server.url.origin;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    if (!this.isThere || request.method !== "POST") return new Response(null, { status: 405 });
    if (new URL(request.url).pathname !== "/v1/querybatch") return new Response(null, { status: 404 });
    const { queries } = (await request.json()) as { queries: OsvQuery[] };
    const isWrong = ({ package: { purl, ecosystem, name }, version }: OsvQuery): boolean =>
      purl === undefined
        ? !(ecosystem && name && version)
        : ecosystem !== undefined || version !== undefined || !/^pkg:\w+\/.+@/.test(purl);
    if (queries.length > 1_000 || queries.some(isWrong)) return new Response("Invalid query", { status: 400 });
    this.asked.push(...queries);
    return Response.json({ results: queries.map((query) => this.#result(query)) });
  }

  #result({ package: { purl, name = "" }, page_token = "0" }: OsvQuery) {
    const pages = this.advisories[purl?.replace(/^pkg:\w+\/|@[^@]*$/g, "") ?? name] ?? [];
    const page = Number(page_token);
    const ids = pages[page] ?? [];
    return {
      ...(ids.length > 0 && { vulns: ids.map((id) => ({ id, modified: "2026-01-01T00:00:00Z" })) }),
      ...(page + 1 < pages.length && { next_page_token: String(page + 1) }),
    };
  }
}

describe("ring audit", () => {
  const osv = new Osv();
  afterAll(() => osv.stop());
  const audit = () => ringWith({ GOLDENRING_OSV: osv.url, npm_config_registry: osv.url }, "audit");

  test("asks for every part, and succeeds when none is vulnerable", async () => {
    expect(await audit()).toMatchObject({ code: 0, stdout: "No known vulnerability: asked OSV\n" });
    expect(osv.asked.length).toBeGreaterThan(100);
    const kinds = osv.asked.map(({ package: { purl, ecosystem } }) => purl?.split("/")[0] ?? ecosystem);
    expect([...new Set(kinds)].sort()).toEqual(["Debian:12", "pkg:golang", "pkg:npm", "pkg:pypi"]);
  });

  test("names those that are vulnerable, by all pages of the answer", async () => {
    osv.advisories = { bun: [[], ["X-1", "X-2"], ["X-3"]], glibc: [["DEBIAN-1"]] };
    const { code, stdout } = await audit();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^libc6 \S+ \(image\): DEBIAN-1$/m);
    expect(stdout).toMatch(/^bun 1\S+ \(repository\): X-1 X-2 X-3$/m);
    expect(stdout).toMatch(/^[2-9] packages with known vulnerabilities: asked OSV$/m);
  });

  test("says what to do when nobody answers", async () => {
    osv.isThere = false;
    expect(await audit()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no source of advisories answered:\n {2}OSV: .*405\n.*npm.* 405\nRun it again/),
    });
  });
});
