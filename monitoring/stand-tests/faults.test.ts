import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "@goldenring/stand";
import { parse } from "yaml";
import * as z from "zod";
import type { Site } from "./fault.ts";
import { FAULTS, SWITCHOVER } from "./faults.ts";

const RULES = join(import.meta.dirname, "../rules");
const RuleFile = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string().optional() })) })),
});

const known = readdirSync(RULES)
  .filter((name) => name.endsWith(".yml"))
  .flatMap((name) => RuleFile.parse(parse(readFileSync(join(RULES, name), "utf8"))).groups)
  .flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));

const machine = (name: string): Machine => ({
  name,
  address: "10.88.0.2",
  roles: [],
  ssh: { user: undefined, port: undefined, keyFile: undefined, args: [], sudo: false },
});
/** What an expectation looks at: nothing of the stand itself. */
const site: Omit<Site, "stand"> = {
  primary: machine("pg-01"),
  replica: machine("pg-02"),
  etcd: [machine("etcd-01")],
  api: [machine("api-01")],
  ingress: machine("ingress"),
};

test.each(FAULTS.map((fault) => [fault.name, fault] as const))("the alerts of the fault %s are rules", (_, fault) => {
  const names = [fault.expected(site as Site).alert, ...fault.declared.map(({ alert }) => alert)];
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

test("what a switchover may say are rules", () => {
  expect(SWITCHOVER.filter(({ alert }) => !known.includes(alert))).toEqual([]);
});
