import { expect, test } from "bun:test";
import { expectTableInDocs } from "../docs-table.fixture.ts";
import { waysIn } from "./ways.fixture.ts";

test("docs/security.md has each port that a firewall opens, for whom, and with which identity", () => {
  const rows = waysIn().map(({ machines, ports, sources, identity }) => {
    return [machines, ports.join(", "), sources.join(", "), identity];
  });
  expect(rows.length).toBeGreaterThan(15);
  expectTableInDocs("security.md", "ports", [["machines", "ports", "from", "what, and identity"], ...rows]);
});
