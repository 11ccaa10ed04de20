import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGiven } from "../skips.fixture.ts";

const DEADLINE_MS = 300_000;

// Another version has other rules.
const pinned =
  /^ansible-lint==(\S+)/m.exec(readFileSync(join(import.meta.dir, "../.ci/ansible-lint.txt"), "utf8"))?.[1] ?? "";
const found = Bun.which("ansible-lint") === null ? "" : await Bun.$`ansible-lint --nocolor --version`.quiet().text();
const isInstalled = pinned !== "" && found.startsWith(`ansible-lint ${pinned} `);

// Its exceptions, each with a reason, are in .ansible-lint.
test.skipIf(!isGiven(`ansible-lint ${pinned} (pip install ansible-lint==${pinned})`, isInstalled))(
  "ansible-lint finds nothing in the playbooks and roles",
  async () => {
    // ansible-lint keeps collections and copies of modules in the project otherwise.
    const home = mkdtempSync(join(tmpdir(), "goldenring-lint-"));
    try {
      const child = Bun.spawn(["ansible-lint", "--nocolor", "--format=pep8"], {
        cwd: import.meta.dir,
        env: { ...process.env, ANSIBLE_HOME: home, ANSIBLE_CONFIG: join(import.meta.dir, "ansible.cfg") },
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      expect({ findings: stdout, code, stderr: code === 0 ? "" : stderr }).toEqual({
        findings: "",
        code: 0,
        stderr: "",
      });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
  DEADLINE_MS,
);
