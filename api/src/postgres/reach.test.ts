import { expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Reach } from "./reach.ts";

test("an endpoint that listens is connected to, one without a listener refuses", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const reach = new Reach([
    { host: "127.0.0.1", port },
    { host: "127.0.0.1", port: 1 },
  ]);
  reach.look();
  reach.look();
  while (Object.keys(reach.recent()).length < 2) await delay(5);
  server.close();
  expect(reach.recent()).toEqual({
    [`127.0.0.1:${port}`]: { connected: 1, refused: 0, silent: 0 },
    "127.0.0.1:1": { connected: 0, refused: 1, silent: 0 },
  });
});
