import { expect, test } from "bun:test";
import { cycloneDx, merged } from "@goldenring/image";
import { componentsOfGoMod, componentsOfMachine, componentsOfRepository } from "./components.ts";

test("a machine has its packages of Debian, with their sources, and those of Patroni", () => {
  const text = "release 13\ndeb libc6 2.41-12+deb13u1 amd64 glibc 2.41-12+deb13u1\npatroni==4.1.5\n";
  expect(merged([...componentsOfMachine(text, "pg-01"), ...componentsOfMachine(text, "pg-02")])).toEqual([
    {
      name: "libc6",
      version: "2.41-12+deb13u1",
      purl: "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64&distro=debian-13",
      debian: { ecosystem: "Debian:13", name: "glibc", version: "2.41-12+deb13u1" },
      on: ["pg-01", "pg-02"],
    },
    { name: "patroni", version: "4.1.5", purl: "pkg:pypi/patroni@4.1.5", on: ["pg-01", "pg-02"] },
  ]);
});

test("modules of Go are those that are required", () => {
  expect(componentsOfGoMod("module x\n\ngo 1.26\n\nrequire (\n\tgo.k6.io/k6 v1.8.1 // indirect\n)\n")).toEqual([
    { name: "go.k6.io/k6", version: "v1.8.1", purl: "pkg:golang/go.k6.io/k6@v1.8.1", on: ["repository"] },
  ]);
});

test("the bill of the repository names Bun, the libc of the image, Patroni and k6, each part once, in the form of CycloneDX", () => {
  const components = componentsOfRepository();
  const purls = components.map(({ purl }) => purl);
  for (const part of [
    /^pkg:npm\/bun@/,
    /^pkg:deb\/debian\/libc6@/,
    /^pkg:pypi\/patroni@/,
    /^pkg:golang\/go\.k6\.io\/k6@/,
  ])
    expect(purls.filter((purl) => part.test(purl))).toHaveLength(1);
  expect(new Set(purls).size).toBe(purls.length);
  for (const { purl, sha512 } of components) if (purl.startsWith("pkg:npm")) expect(sha512).toMatch(/^[0-9a-f]{128}$/);
  const [component] = components;
  expect(cycloneDx([component ?? expect.unreachable()], "0.1.0", new Date(0))).toMatchObject({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    metadata: { timestamp: "1970-01-01T00:00:00.000Z" },
    components: [
      { type: "library", purl: component?.purl, properties: [{ name: "goldenring:on", value: component?.on[0] }] },
    ],
  });
});
