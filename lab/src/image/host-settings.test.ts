import { describe, expect, test } from "bun:test";
import { aptSettings, mirrorsOf } from "./host-settings.ts";

const DEBIAN = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian"\n';
const OWN = { mirror: "http://deb.debian.org/debian", securityMirror: "http://deb.debian.org/debian-security" };

describe("the mirror", () => {
  test("is the computer's own one on Debian, in the old form of the list", () => {
    const lists = [
      "# deb http://old.example/debian bookworm main",
      "deb https://other.example/tools stable main",
      "deb [signed-by=/usr/share/keyrings/x.gpg] http://near.example/debian bookworm main contrib",
      "deb http://near.example/security bookworm-security main",
    ].join("\n");
    expect(mirrorsOf(DEBIAN, lists)).toEqual({
      mirror: "http://near.example/debian",
      securityMirror: "http://near.example/security",
    });
  });

  test("is the computer's own one on Debian, in the new form", () => {
    const lists = [
      "Types: deb deb-src",
      "URIs: http://near.example/debian",
      "Suites: bookworm bookworm-updates",
      "Components: main non-free",
      "",
      "Types: deb",
      "Enabled: no",
      "URIs: http://disabled.example/debian",
      "Suites: bookworm-security",
      "Components: main",
    ].join("\n");
    expect(mirrorsOf(DEBIAN, lists)).toEqual({ ...OWN, mirror: "http://near.example/debian" });
  });

  test("is Debian's own one on Ubuntu and on others", () => {
    const lists = "deb http://archive.ubuntu.com/ubuntu noble main\n";
    expect(mirrorsOf("ID=ubuntu\nVERSION_CODENAME=noble\n", lists)).toEqual(OWN);
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
