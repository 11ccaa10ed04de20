import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseRules, readRules } from "./read-rules.ts";

const TEXT = `
groups:
  - name: etcd
    rules:
      - {record: 'a:b', expr: sum(up), labels: {x: y}}
      - alert: EtcdNoLeader
        expr: etcd_server_has_leader == 0
        for: 1m30s
        labels: {severity: critical}
        annotations: {summary: gone}
`;

describe("a rule file", () => {
  test("is a list of rules that know where they stand", () => {
    expect(parseRules("etcd.yml", TEXT)).toEqual([
      {
        name: "a:b",
        kind: "record",
        expr: "sum(up)",
        labels: { x: "y" },
        annotations: {},
        forSeconds: 0,
        group: "etcd",
        file: "etcd.yml",
      },
      {
        name: "EtcdNoLeader",
        kind: "alert",
        expr: "etcd_server_has_leader == 0",
        labels: { severity: "critical" },
        annotations: { summary: "gone" },
        forSeconds: 90,
        group: "etcd",
        file: "etcd.yml",
      },
    ]);
  });

  test.each([
    ["a field that Prometheus does not know", "{alert: A, expr: up, fore: 1m}"],
    ["a rule that is neither", "{expr: up}"],
    ["a duration without a unit", "{alert: A, expr: up, for: '30'}"],
    ["a label that is no text", "{alert: A, expr: up, labels: {severity: 1}}"],
  ])("with %s is refused by name", (_, rule) => {
    expect(() => parseRules("bad.yml", `groups: [{name: g, rules: [${rule}]}]`)).toThrow("bad.yml is no rule file");
  });

  test("is read as it was written", () => {
    const rule = fc.record({
      alert: fc.string({ minLength: 1 }),
      expr: fc.string({ minLength: 1 }),
      labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string()),
      annotations: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string()),
    });
    fc.assert(
      fc.property(fc.array(rule), (rules) => {
        const read = parseRules("some.yml", stringify({ groups: [{ name: "g", rules }] }));
        const back = read.map(({ name: alert, expr, labels, annotations }) => ({ alert, expr, labels, annotations }));
        expect(back).toEqual(rules.map((each) => ({ ...each })));
      }),
    );
  });
});

test("the stand's rules are those of every file in the folder", () => {
  expect([...new Set(readRules().map(({ file }) => file))]).toEqual([
    ...["api-replicas.yml", "api.yml", "backup.yml", "etcd.yml", "guardian.yml", "haproxy.yml", "host.yml"],
    ...["kubernetes.yml", "patroni.yml", "postgresql.yml", "probe.yml", "prometheus.yml"],
  ]);
});
