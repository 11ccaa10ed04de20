import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "@goldenring/run-kit";
import { USUAL_REPLICA } from "@goldenring/stand";
import fc from "fast-check";
import {
  assertReplicas,
  assertSnapshotName,
  assertStandName,
  DEFAULT_NETWORK,
  FREE_MEMORY_GIB,
  firstUser,
  MACHINE_NAMES,
  planAddresses,
  planAlertWebhook,
  planMachines,
} from "./plan.ts";

const toNumber = (address: string): number => address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);

test("a stand of an earlier version keeps the users of its machines, which may run while other replicas are added", () => {
  const first = firstUser("lab", "etcd-01");
  const places = planMachines(DEFAULT_NETWORK).map(({ name }) => (firstUser("lab", name) - first) / 65_536);
  expect(places).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("the replicas of a stand, and no other machines, have the size that is asked for", () => {
  const large = { cpu: 0.5, memoryMiB: 256 };
  for (const { role, limit } of planMachines(DEFAULT_NETWORK, undefined, large))
    expect(limit === large).toBe(role === "api");
});

describe("replicas are refused, with what is possible", () => {
  const computer = { cpu: 2, memoryMiB: 24_576 };
  test.each([
    ["0 replicas: 1 to 30", 0, USUAL_REPLICA],
    ["31 replicas: 1 to 30", 31, USUAL_REPLICA],
    ["NaN replicas", Number.NaN, USUAL_REPLICA],
    ["0.05 CPU for each replica, of the computer's cores: 0.1 to 2", 3, { cpu: 0.05, memoryMiB: 128 }],
    ["2.5 CPU", 3, { cpu: 2.5, memoryMiB: 128 }],
    ["64 MiB for each replica: 128 to", 3, { cpu: 1, memoryMiB: 64 }],
    [
      "30 replicas of 1024 MiB need 33.6 GB with the rest of the stand; this computer has 24.0 GB",
      30,
      { cpu: 1, memoryMiB: 1_024 },
    ],
  ])("%s", (message, count, size) => {
    expect(() => assertReplicas(count, size, computer)).toThrow(message);
  });

  test("only then", () => {
    assertReplicas(1, { cpu: 2, memoryMiB: 4_096 }, computer);
    assertReplicas(30, USUAL_REPLICA, computer);
  });
});

test("the users of a machine are in systemd's range for containers, and no other machine of the stand has them", () => {
  fc.assert(
    fc.property(fc.string(), (stand) => {
      const users = MACHINE_NAMES.map((name) => firstUser(stand, name));
      expect(new Set(users.map((user) => Math.floor(user / 65_536))).size).toBe(MACHINE_NAMES.length);
      expect(Math.min(...users)).toBeGreaterThanOrEqual(0x0008_0000);
      expect(Math.max(...users) + 65_535).toBeLessThanOrEqual(0x6fff_ffff);
    }),
  );
});

describe("the address plan", () => {
  test("gives the default stand the addresses that the other rooms know", () => {
    const addresses = Object.fromEntries(planMachines(DEFAULT_NETWORK).map(({ name, address }) => [name, address]));
    expect(addresses).toEqual({
      haproxy: "10.88.0.5",
      prometheus: "10.88.0.6",
      ingress: "10.88.0.7",
      "pg-01": "10.88.0.11",
      "pg-02": "10.88.0.12",
      "etcd-01": "10.88.0.21",
      "etcd-02": "10.88.0.22",
      "etcd-03": "10.88.0.23",
      "api-01": "10.88.0.31",
      "api-02": "10.88.0.32",
      "api-03": "10.88.0.33",
    });
    expect(planAddresses(DEFAULT_NETWORK).operator).toBe("10.88.0.1");
    expect(planAlertWebhook(planAddresses(DEFAULT_NETWORK))).toBe("https://10.88.0.1:9094/alerts");
  });

  test("gives each machine of any private network an address of its own inside it", () => {
    const network = fc
      .tuple(fc.integer({ min: 8, max: 24 }), fc.nat(0xff_ff_ff))
      .map(([prefix, rest]) => ({ prefix, base: 10 * 2 ** 24 + rest - (rest % 2 ** (32 - prefix)) }));
    fc.assert(
      fc.property(network, ({ prefix, base }) => {
        const text = `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${prefix}`;
        const plan = planAddresses(text);
        expect(plan.network).toBe(text);
        const numbers = [plan.operator, ...planMachines(text, MACHINE_NAMES).map(({ address }) => address)].map(
          toNumber,
        );
        expect(new Set(numbers).size).toBe(MACHINE_NAMES.length + 1);
        for (const number of numbers) {
          expect(number).toBeGreaterThan(base);
          expect(number).toBeLessThan(base + 2 ** (32 - prefix) - 1);
        }
      }),
    );
  });

  test.each([
    ["a public network", "8.8.8.0/24"],
    ["host bits", "10.88.0.1/24"],
    ["too few addresses", "10.88.0.0/25"],
    ["a network that is only partly private", "172.0.0.0/8"],
    ["a byte above 255", "10.256.0.0/24"],
    ["no prefix", "10.88.0.0"],
    ["something else behind it", "10.88.0.0/24; reboot"],
    ["nothing", ""],
  ])("refuses %s", (_, network) => {
    expect(() => planAddresses(network)).toThrow(CommandError);
  });
});

test.each(["README.md", "docs/lab.md"])("%s names the memory that must be free", (file) => {
  const text = readFileSync(join(import.meta.dirname, "../..", file), "utf8");
  expect(text.replaceAll("\n", " ")).toContain(`${FREE_MEMORY_GIB} GB of free memory`);
});

describe("names", () => {
  test("a machine that does not exist is refused with those that do", () => {
    expect(() => planMachines(DEFAULT_NETWORK, ["pg-03"])).toThrow(/"pg-03".*pg-01/);
  });

  test("chosen machines keep their order and addresses", () => {
    expect(planMachines(DEFAULT_NETWORK, ["pg-02", "etcd-01"]).map(({ name, address }) => [name, address])).toEqual([
      ["etcd-01", "10.88.0.21"],
      ["pg-02", "10.88.0.12"],
    ]);
  });

  test("a machine's name leaves room for the prefix of its interface (15 characters)", () => {
    for (const name of MACHINE_NAMES) expect(`vb-${name}`.length).toBeLessThanOrEqual(15);
  });

  test("a stand's name is short and plain", () => {
    expect(assertStandName("lab2")).toBe("lab2");
    for (const name of ["", "Lab", "a-b", "../x", "ninechars"]) {
      expect(() => assertStandName(name)).toThrow(CommandError);
    }
  });

  test("a snapshot's name stays in its folder and is not one of the unfinished ones", () => {
    expect(assertSnapshotName("after-install_1.0")).toBe("after-install_1.0");
    fc.assert(
      fc.property(fc.string(), (name) => {
        try {
          assertSnapshotName(name);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          return;
        }
        expect(name).not.toMatch(/^\.|[/\0\n]/);
      }),
    );
    for (const name of ["", ".saving-x", "..", "a/b", "a b", "x".repeat(64)]) {
      expect(() => assertSnapshotName(name)).toThrow(CommandError);
    }
  });
});
