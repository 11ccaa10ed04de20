import { expect, test } from "bun:test";
import { CommandError, EXIT } from "@goldenring/run-kit";
import { isOwnNetwork, requirePermission } from "./permission.ts";
import { parseTarget } from "./weather-api.ts";

const NOBODY = { inventoryHosts: [], isOwnTarget: false };

test.each([
  "127.0.0.1",
  "127.8.9.1",
  "10.88.0.4",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.3.4",
  "100.64.0.9",
])("%s may be loaded without further permission", (address) => expect(isOwnNetwork(address)).toBeTrue());

test.each(["::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"])("%s may be loaded without further permission", (address) =>
  expect(isOwnNetwork(address)).toBeTrue(),
);

test.each(["8.8.8.8", "172.32.0.1", "11.0.0.1", "128.0.0.1", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"])(
  "%s needs --i-own-this-target",
  async (address) => {
    const target = new URL(address.includes(":") ? `http://[${address}]:8080` : `http://${address}`);
    const refused = requirePermission(target, NOBODY);
    await expect(refused).rejects.toThrow("--i-own-this-target");
    await expect(refused).rejects.toMatchObject({ exitCode: EXIT.usage });
    await requirePermission(target, { ...NOBODY, isOwnTarget: true });
  },
);

test("machines of the inventory may be loaded, whatever their address", async () => {
  await requirePermission(new URL("http://203.0.113.7:8080"), { inventoryHosts: ["203.0.113.7"], isOwnTarget: false });
});

test("localhost is a name of this computer", async () => {
  await requirePermission(new URL("http://localhost:8080"), NOBODY);
});

test("a name without an address is refused", async () => {
  await expect(requirePermission(new URL("http://no-such-host.invalid"), NOBODY)).rejects.toMatchObject({
    exitCode: EXIT.targetUnreachable,
  });
});

test("a target is a URL of http or https, without a login", () => {
  expect(parseTarget("127.0.0.1:8080/weather?x=1#y").href).toBe("http://127.0.0.1:8080/weather");
  for (const text of ["ftp://127.0.0.1", "http://", "http://user:secret@127.0.0.1"]) {
    expect(() => parseTarget(text)).toThrow(CommandError);
  }
});
