import { expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { bootId } from "@goldenring/stand";
import { isGiven } from "../../../skips.fixture.ts";
import { Forward, listenerOf, portWarning } from "./forwards.ts";

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
