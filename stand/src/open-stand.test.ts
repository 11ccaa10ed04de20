import { expect, test } from "bun:test";
import type { Inventory } from "./inventory/inventory.ts";
import { openStand } from "./stand.ts";

const inventory = (standName: string): Inventory => ({
  file: "/nowhere/inventory.yml",
  standName,
  network: "10.99.0.0/24",
  secretsFolder: "/nowhere/secrets",
  rto: "fast",
  labNamespace: undefined,
  fenceCommand: undefined,
  machines: [],
  replica: { cpu: 0.25, memoryMiB: 128 },
  byRole: () => [],
});

test("what one stand does to the operator's computer is not undone when another one recovers", () => {
  const [one, other] = ["one", "other"].map(
    (name) => openStand({ inventory: inventory(name), folder: "/nowhere" }).operator,
  );
  expect(one?.faultFolder).not.toBe(other?.faultFolder);
});
