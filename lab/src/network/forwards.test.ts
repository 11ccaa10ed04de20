import { expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { bootId, runProgram } from "@goldenring/stand";
import { isGiven } from "../../../skips.fixture.ts";
import { closeToOthers, Forward, listenerOf, openToOthers, portWarning } from "./forwards.ts";

const hasSs = isGiven("ss (apt-get install iproute2)", Bun.which("ss") !== null);

test.skipIf(!hasSs)("the program that listens on a port is found, until it ends", async () => {
  const server = createServer().listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await listenerOf(port)).toMatchObject({ pid: process.pid });
  const forward = { pid: 1, startTicks: "1", bootId: "one", port: 40_000, wanted: port };
  expect(await portWarning("database", forward)).toEqual([
    expect.stringMatching(
      new RegExp(`^Port ${port} .* taken by .* \\(process ${process.pid}\\): database is at port 40000`),
    ),
  ]);
  server.close();
  await once(server, "close");
  expect(await listenerOf(port)).toBeUndefined();
});

const canFilter = isGiven(
  "root, nft and setpriv",
  process.getuid?.() === 0 && !!Bun.which("nft") && !!Bun.which("setpriv"),
);

test.skipIf(!canFilter)(
  "the ports of forwards are those of root and the stand's owner, and nobody else's",
  async () => {
    const server = createServer((socket) => socket.end("open")).listen({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const stand = `ring-test-${process.pid}`;
    const connect = `exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3`;
    const connectAs = async (uid: number) =>
      (await runProgram(["setpriv", `--reuid=${uid}`, "--clear-groups", "bash", "-c", connect], { deadlineMs: 5_000 }))
        .stdout;
    const [root, owner, other] = [0, 12_345, 65_534];
    try {
      expect(await closeToOthers(stand, [port], owner)).toEqual([]);
      expect(await closeToOthers(stand, [port, 9], root)).toEqual([]);
      expect([await connectAs(root), await connectAs(owner)]).toEqual(["open", ""]);
      expect(await closeToOthers(stand, [port], owner)).toEqual([]);
      expect([await connectAs(root), await connectAs(owner), await connectAs(other)]).toEqual(["open", "open", ""]);
    } finally {
      await openToOthers(stand);
    }
    expect(await connectAs(other)).toBe("open");
    server.close();
  },
);

test("a forward at the port that was asked for needs no warning", async () => {
  expect(await portWarning("api", { pid: 1, startTicks: "1", bootId: "one", port: 8_088, wanted: 8_088 })).toEqual([]);
});

test("a forward that an earlier version opened belongs to this boot", () => {
  const ports = { port: 8_088, wanted: 8_088 };
  expect(Forward.parse({ pid: 7, startedAt: "42", ...ports })).toEqual({
    pid: 7,
    startTicks: "42",
    bootId: bootId(),
    ...ports,
  });
});
