import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProgram } from "../skips.fixture.ts";

const DEADLINE_MS = 300_000;

// Its exceptions, each with a reason, are in .ansible-lint.
test.skipIf(!hasProgram("ansible-lint"))(
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
      const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      expect({ findings: stdout, code, stderr: code === 0 ? "" : stderr }).toEqual({ findings: "", code: 0, stderr: "" });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
  DEADLINE_MS,
);
