import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGiven } from "../../../skips.fixture.ts";
import { aptSettings, aptTargets, mirrorsOf } from "./host-settings.ts";

const DEBIAN = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian"\n';
const OWN = { mirror: "http://deb.debian.org/debian", securityMirror: "http://deb.debian.org/debian-security" };

const LINES = [
  "# deb http://old.example/debian bookworm main",
  "deb https://other.example/tools stable main",
  "deb [signed-by=/usr/share/keyrings/x.gpg] http://near.example/debian bookworm main contrib",
  "deb http://near.example/security bookworm-security main",
];
const PARAGRAPHS = [
  ...["Types: deb deb-src", "URIs: http://near.example/debian", "Suites: bookworm bookworm-updates"],
  ...["Components: main non-free", ""],
  ...["Types: deb", "Enabled: no", "URIs: http://disabled.example/debian", "Suites: bookworm-security"],
  "Components: main",
];

describe("the mirror", () => {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-apt-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.skipIf(!isGiven("apt (Debian or a relative)", Bun.which("apt-get") !== null)).each([
    ["list", LINES, { mirror: "http://near.example/debian", securityMirror: "http://near.example/security" }],
    ["sources", PARAGRAPHS, { ...OWN, mirror: "http://near.example/debian" }],
  ] as const)("is the computer's own one on Debian, from a file .%s", async (extension, lines, mirrors) => {
    const parts = mkdtempSync(join(folder, extension));
    writeFileSync(join(parts, `debian.${extension}`), `${lines.join("\n")}\n`);
    const targets = await aptTargets(["-o", "Dir::Etc::SourceList=/dev/null", "-o", `Dir::Etc::SourceParts=${parts}`]);
    expect(mirrorsOf(DEBIAN, targets)).toEqual(mirrors);
  });

  test("is Debian's own one on Ubuntu and on others", () => {
    const targets = "http://archive.ubuntu.com/ubuntu noble main\n";
    expect(mirrorsOf("ID=ubuntu\nVERSION_CODENAME=noble\n", targets)).toEqual(OWN);
    expect(mirrorsOf("", "")).toEqual(OWN);
  });
});

test("of apt's settings only the way to the mirror is taken over", () => {
  const dump = [
    'APT::Get::Assume-Yes "1";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::Proxy "http://proxy.example:3128";',
    'Acquire::https::CaInfo "/etc/company.crt";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::Languages "none";',
    'DPkg::Post-Invoke:: "reboot";',
  ].join("\n");
  expect(aptSettings(dump, true).trim().split("\n")).toEqual([
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::Proxy "http://proxy.example:3128";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::https::CAInfo "/run/build/ca.crt";',
  ]);
});
