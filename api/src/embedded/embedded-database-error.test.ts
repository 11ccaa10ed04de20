import { expect, test } from "bun:test";
import { adviceFor } from "./embedded-database-error.ts";

const ENOUGH = 1_000_000_000;

test.each([
  ['FATAL:  could not write lock file "postmaster.pid": No space left on device', "is full"],
  ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', "Another program uses its port"],
  ["FATAL:  database files are incompatible with server", "another major version"],
  ["postgres: error while loading shared libraries: libicui18n.so.60: cannot open", "Remove the folder node_modules"],
  ["FATAL:  could not create shared memory segment: No space left", "shared memory"],
  ["FATAL:  could not open file: Permission denied", "sudo chown"],
  ["PANIC:  could not locate a valid checkpoint record", "damaged"],
])("%s is followed by what to do", (output, advice) => {
  expect(adviceFor(output, "/data", ENOUGH)).toContain(advice);
});

test("a full disk is noticed when it kept its own message from being written", () => {
  expect(adviceFor("(none)", "/data", 4096)).toContain("is full");
});

test("there is no advice for what is not known", () => {
  expect(adviceFor("FATAL:  something new", "/data", ENOUGH)).toBe("");
});
