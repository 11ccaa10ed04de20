import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { listeningPorts } from "./forwards.ts";

test("of all sockets only those that listen on the loopback address count", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0",
    "   1: 00000000:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0",
    "  12: 0100007F:138A 0100007F:D431 06 00000000:00000000 03:00000ABC 00000000     0        0 0 3 0",
    "",
  ].join("\n");
  expect([...listeningPorts(table)]).toEqual([5_000]);
});

test("a port that a program of this computer listens on is found", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  expect(listeningPorts(readFileSync("/proc/net/tcp", "utf8"))).toContain(port);
  await new Promise((resolve) => server.close(resolve));
  expect(listeningPorts(readFileSync("/proc/net/tcp", "utf8"))).not.toContain(port);
});
