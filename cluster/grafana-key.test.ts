import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGiven } from "../skips.fixture.ts";

const FETCH = join(import.meta.dirname, "roles/grafana/files/fetch-key");
const folder = mkdtempSync(join(tmpdir(), "goldenring-key-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...argv: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(argv, { env: { ...process.env, GNUPGHOME: folder } });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** @returns its fingerprint */
function exportKey(name: string, file: string): string {
  run("gpg", "--batch", "--quick-gen-key", "--passphrase", "", name, "ed25519");
  run("sh", "-c", 'gpg --batch --export --armor "$1" >> "$2"', "sh", name, file);
  const { stdout } = run("gpg", "--batch", "--with-colons", "--list-keys", name);
  return /^fpr:+(\w+):/m.exec(stdout)?.[1] ?? "";
}

test.skipIf(!isGiven("gpg, curl", !!Bun.which("gpg") && !!Bun.which("curl")))(
  "the key of Grafana's repository is taken only when it is the pinned one, alone",
  () => {
    const [offered, kept] = [join(folder, "offered.asc"), join(folder, "grafana.asc")];
    const fingerprint = exportKey("Grafana", offered);
    const other = run(FETCH, `file://${offered}`, "0".repeat(40), kept);
    expect([other.code, other.stderr, existsSync(kept)]).toEqual([1, expect.stringContaining(fingerprint), false]);
    expect(run(FETCH, `file://${offered}`, fingerprint, kept)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(existsSync(kept)).toBe(true);
    exportKey("Somebody", offered);
    expect(run(FETCH, `file://${offered}`, fingerprint, join(folder, "two.asc")).code).toBe(1);
  },
  60_000,
);
