import { expect, test } from "bun:test";
import { componentsOfBunLock, componentsOfWorkspace } from "./components.ts";

test("the packages of bun.lock have their versions and the checksum of their files, without those of the repository", () => {
  const sum = Buffer.alloc(64, 7);
  const lock = `{ "packages": {
    "@a/b": ["@a/b@1.2.3", "", { "bin": { "b": "x", }, }, "sha512-${sum.toString("base64")}"],
    "@goldenring/api": ["@goldenring/api@workspace:api"],
  } }`;
  const expected = { name: "@a/b", version: "1.2.3", purl: "pkg:npm/%40a/b@1.2.3", sha512: sum.toString("hex") };
  expect(componentsOfBunLock(lock)).toEqual([{ ...expected, on: ["repository"] }]);
});

test("a program consists of its dependencies and theirs, in the versions that it gets, without what is left out", () => {
  const sum = `sha512-${Buffer.alloc(64, 7).toString("base64")}`;
  const lock = `{
    "workspaces": { "api": { "dependencies": { "a": "1", "left-out": "1" }, "devDependencies": { "for-tests": "1" } } },
    "packages": {
      "a": ["a@1.0.0", "", { "dependencies": { "b": "^1" } }, "${sum}"],
      "a/b": ["b@1.5.0", "", {}, "${sum}"],
      "b": ["b@2.0.0", "", {}, "${sum}"],
      "left-out": ["left-out@1.0.0", "", { "dependencies": { "b": "2" } }, "${sum}"],
      "for-tests": ["for-tests@1.0.0", "", {}, "${sum}"],
    } }`;
  const found = componentsOfWorkspace(lock, "api", (name) => name === "left-out");
  expect(found.map(({ name, version }) => `${name}@${version}`)).toEqual(["a@1.0.0", "b@1.5.0"]);
});
