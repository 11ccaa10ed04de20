import { expect, test } from "bun:test";
import { hasProgram } from "../skips.fixture.ts";

const DEADLINE_MS = 300_000;

test.skipIf(!hasProgram("ansible-playbook"))(
  "the unit tests of the modules and filters pass",
  async () => {
    const child = Bun.spawn([await ansiblesPython(), "-m", "unittest", "discover", "--start-directory=test"], {
      cwd: import.meta.dir,
      // Bytecode would end up beside the modules, and what is in cluster/ decides whether the playbook runs again.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
      stdout: "ignore",
      stderr: "pipe",
    });
    const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect(code === 0 ? "" : stderr).toBe("");
    expect(stderr).toMatch(/^Ran \d\d+ tests/m);
  },
  DEADLINE_MS,
);

/** The interpreter that has Ansible's own Python package. */
async function ansiblesPython(): Promise<string> {
  const version = await Bun.$`ansible-playbook --version`.text();
  const python = /^ *python version = .* \((\/.*)\)$/m.exec(version)?.[1];
  if (python === undefined) throw new Error(`ansible-playbook --version does not name its Python:\n${version}`);
  return python;
}
