import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

/** Answers "re:" and what it got. */
let server: Server;
/** What the server got, all connections together. */
let received: string;
let proxy: TcpProxy;
let sockets: Socket[];

beforeEach(async () => {
  received = "";
  sockets = [];
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received += bytes;
      socket.write(`re:${bytes}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy = await TcpProxy.start((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await proxy.close();
  server.close();
});

/** A client of the proxy, with what it got and how it ended. */
function dial() {
  const socket = connect(proxy.port, "127.0.0.1");
  sockets.push(socket);
  const client = { got: "", error: "", send: (text: string) => void socket.write(text), leave: () => socket.destroy() };
  socket.on("data", (bytes) => {
    client.got += bytes;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    client.error = error.code ?? "";
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { client, closed };
}

/** Long enough for what must not happen. */
const A_MOMENT = 60;
const gets = (client: { readonly got: string }, text: string) => until(async () => client.got === text);

describe("a proxy", () => {
  test("passes on what both sides send", async () => {
    const { client } = dial();
    client.send("a");
    await gets(client, "re:a");
    expect(received).toBe("a");
  });

  test("resets open connections and takes new ones", async () => {
    const { client, closed } = dial();
    client.send("a");
    await gets(client, "re:a");
    proxy.reset();
    await closed;
    expect(client.error).toBe("ECONNRESET");
    const { client: next } = dial();
    next.send("b");
    await gets(next, "re:b");
  });

  test("resets connections to a server that is not there", async () => {
    server.close();
    const { client, closed } = dial();
    await closed;
    expect(client.error).toBe("ECONNRESET");
  });

  test("is silent on old and new connections, and delivers late what was sent, even by those that left", async () => {
    const { client: old } = dial();
    old.send("a");
    await gets(old, "re:a");
    proxy.silence();
    const { client: young } = dial();
    old.send("b");
    young.send("c");
    await delay(A_MOMENT);
    expect([received, old.got, young.got]).toEqual(["a", "re:a", ""]);
    old.leave();
    await delay(A_MOMENT);
    proxy.endSilence("deliver");
    await until(async () => [...received].sort().join("") === "abc");
    await gets(young, "re:c");
  });

  test("forgets what was sent into a silence that ends with a reset", async () => {
    const { client, closed } = dial();
    await until(async () => proxy.connections === 1);
    proxy.silence();
    client.send("a");
    await delay(A_MOMENT);
    proxy.endSilence("reset");
    await closed;
    expect([received, client.error]).toEqual(["", "ECONNRESET"]);
  });

  test("passes on the bytes that it waits for and drops every answer to that client", async () => {
    const { client } = dial();
    const { client: other } = dial();
    const muted = proxy.muteOnce("commit");
    client.send("begin");
    await gets(client, "re:begin");
    client.send("and commit now");
    await muted;
    client.send("!");
    other.send("?");
    await gets(other, "re:?");
    await until(async () => received.includes("and commit now") && received.includes("!"));
    await delay(A_MOMENT);
    expect(client.got).toBe("re:begin");
  });

  test("holds the bytes that it waits for", async () => {
    const { client } = dial();
    const held = proxy.silenceOnce("commit");
    client.send("commit");
    await held;
    await delay(A_MOMENT);
    expect(received).toBe("");
    proxy.endSilence("deliver");
    await gets(client, "re:commit");
    expect(received).toBe("commit");
  });

  test("delays both directions", async () => {
    proxy.delay(A_MOMENT);
    const { client } = dial();
    const sentMs = performance.now();
    client.send("a");
    await until(async () => client.got === "re:a");
    expect(performance.now() - sentMs).toBeGreaterThan(1.9 * A_MOMENT);
  });
});
