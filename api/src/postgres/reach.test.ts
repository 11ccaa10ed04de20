import { expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Reach } from "./reach.ts";

test("a server that listens is connected to, one without a listener refuses, and a proxy is not tried", async () => {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    socket.on("error", () => {}).destroy();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const listening = new Reach(
    [
      { host: "127.0.0.1", port },
      { host: "127.0.0.1", port: 1 },
    ],
    port,
  );
  const closed = new Reach([{ host: "127.0.0.1", port: 1 }], 1);
  // The second one comes too soon.
  for (const reach of [listening, listening, closed]) reach.look(500);
  while (Object.keys({ ...listening.recent(), ...closed.recent() }).length < 2) await delay(5);
  server.close();
  expect(listening.recent()).toEqual({ [`127.0.0.1:${port}`]: { connected: 1, refused: 0, silent: 0 } });
  expect(closed.recent()).toEqual({ "127.0.0.1:1": { connected: 0, refused: 1, silent: 0 } });
  expect(accepted).toBe(1);
});
