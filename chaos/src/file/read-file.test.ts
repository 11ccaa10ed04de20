import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadExperiment } from "../book/registry.ts";
import { readService } from "../service/read-service.ts";

const folder = mkdtempSync(join(tmpdir(), "goldenring-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function problemsOf(text: string, read: (file: string) => Promise<unknown> = loadExperiment): Promise<string> {
  const file = join(folder, "own.yml");
  writeFileSync(file, text);
  return read(file).then(
    () => "",
    (error: Error) => error.message,
  );
}

const EXPERIMENT = `id: mine
title: Mine
hypothesis: It holds.
expectations:
  - { words: no read fails, metric: failedReads, comparison: at most, limit: 0, unit: requests }
stages:
  - name: full
    seconds: 5
    faults:
      - fault: disk-fill
        on: primary
        fill: { percent: 95 }
`;

test("an experiment may be YAML", async () => {
  expect(await problemsOf(EXPERIMENT)).toBe("");
});

test.each<[string, string, string, string]>([
  [
    "what belongs into another field",
    "fill: { percent: 95 }",
    "percent: 95",
    "line 12, stages[0].faults[0].percent: there is no such field; 95 is written. Meant is perhaps fill: { percent: 95 }.",
  ],
  [
    "a similar field",
    "title:",
    "titel:",
    "line 2, titel: there is no such field; Mine is written. Meant is perhaps title.",
  ],
  [
    "a fault that does not exist",
    "fault: disk-fill",
    "fault: disk-full",
    "line 10, stages[0].faults[0].fault: disk-full is written; meant is one of reboot",
  ],
  ["and what it may have been", "fault: disk-fill", "fault: disk-full", "; perhaps disk-fill"],
  [
    "a number in quotes",
    "seconds: 5",
    'seconds: "5"',
    'line 8, stages[0].seconds: "5" is written; meant is a number from 0 to 86400',
  ],
  ["a number beyond its range", "percent: 95", "percent: 195", "line 12, stages[0].faults[0].fill"],
  [
    "what is missing",
    "    seconds: 5\n",
    "",
    "line 7, stages[0].seconds: is missing: a number from 0 to 86400 (From the last injection on (s))",
  ],
  [
    "a metric with another unit",
    "unit: requests",
    "unit: ms",
    "line 5, expectations[0].unit: ms: failedReads is in requests",
  ],
  [
    "a machine that cannot be",
    "on: primary",
    "on: everything",
    "line 11, stages[0].faults[0].on: everything: is no target",
  ],
])("an error says the line, what is written and what is meant: %s", async (_, right, wrong, message) => {
  const problems = await problemsOf(EXPERIMENT.replace(right, wrong));
  expect(problems).toContain(`own.yml is no experiment:\n  ${message.startsWith(";") ? "" : message}`);
  expect(problems).toContain(message);
  expect(problems.split("\n")).toHaveLength(2);
});

const SERVICE = `target: http://127.0.0.1:1
reads: [{ path: /health }]
writes:
  - path: /orders
    json: { note: "{value}" }
`;

test.each<[string, string, string, string]>([
  [
    "a secret in the file",
    "reads:",
    "headers: { X-Auth-Token: abc }\nreads:",
    "line 2, headers.X-Auth-Token: abc: takes its value from a variable or a file",
  ],
  ["a login in the address", "http://127", "http://user:word@127", "line 1, target: "],
  [
    "a value without its quotes",
    '"{value}"',
    "{value}",
    'line 4, writes[0]: must have {value} in its path, headers or body, so that it can be found again; in YAML with quotes: "{value}"',
  ],
  [
    "an item without an id",
    "path: /orders",
    "path: /orders\n    item: { path: '/orders/{id}' }",
    "writes[0].id: is needed",
  ],
  ["an unknown field of a write", "path: /orders", "path: /orders\n    methode: POST", "Meant is perhaps method"],
])("a service file with %s is refused by its line", async (_, right, wrong, message) => {
  expect(await problemsOf(SERVICE, readService)).toBe("");
  expect(await problemsOf(SERVICE.replace(right, wrong), readService)).toContain(message);
});
