import { afterEach, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { HttpConnection } from "./connection.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A server that does to each request, by its number from 1, what it is told; it keeps what it received. */
async function serve(onRequest: (number: number, socket: Socket) => void) {
  const received: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received.push(bytes.toString());
      onRequest(received.length, socket);
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { received, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

const get = { method: "GET", path: "/Cities", deadlineMs: 2_000 } as const;

test("requests share a connection", async () => {
  const sockets = new Set<Socket>();
  const { url } = await serve((_, socket) => {
    sockets.add(socket);
    socket.write(OK);
  });
  const connection = new HttpConnection(url);
  for (let number = 0; number < 3; number += 1) expect(await connection.request(get)).toMatchObject({ status: 200 });
  expect(sockets.size).toBe(1);
  connection.close();
});

for (const [how, end] of [
  ["closes", (socket: Socket) => socket.end()],
  ["resets", (socket: Socket) => socket.resetAndDestroy()],
] as const) {
  test(`a request on a kept connection that the server ${how} meanwhile is sent once and seen as broken`, async () => {
    const { url, received } = await serve((number, socket) => (number === 2 ? end(socket) : socket.write(OK)));
    const connection = new HttpConnection(url);
    expect(await connection.request(get)).toMatchObject({ answered: true });
    expect(await connection.request(get)).toMatchObject({ answered: false, sent: true });
    expect(received).toHaveLength(2);
    expect(await connection.request(get)).toMatchObject({ answered: true });
    connection.close();
  });
}

test("a kept connection that was closed between two requests is replaced", async () => {
  const { url, received } = await serve((number, socket) => (number === 1 ? socket.end(OK) : socket.write(OK)));
  const connection = new HttpConnection(url);
  expect(await connection.request(get)).toMatchObject({ answered: true });
  await Bun.sleep(50);
  expect(await connection.request(get)).toMatchObject({ answered: true });
  expect(received).toHaveLength(2);
  connection.close();
});

test("a refused connection means that nothing was sent", async () => {
  const { url } = await serve(() => {});
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  expect(await new HttpConnection(url).request(get)).toMatchObject({
    answered: false,
    sent: false,
    error: "ECONNREFUSED",
  });
});

test("a silent server is given up at the deadline, and its late answer is not taken for the next one's", async () => {
  const { url } = await serve((number, socket) => {
    if (number === 1) setTimeout(() => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), 150);
    else setTimeout(() => socket.write(OK), 150);
  });
  const connection = new HttpConnection(url);
  const started = performance.now();
  const first = await connection.request({ ...get, deadlineMs: 100 });
  expect(first).toEqual({ answered: false, sent: true, error: "deadline" });
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(await connection.request(get)).toMatchObject({ status: 200 });
  connection.close();
});

test("an answer that stops in the middle is none", async () => {
  const { url } = await serve((_, socket) => socket.end(OK.slice(0, -1)));
  expect(await new HttpConnection(url).request(get)).toMatchObject({ answered: false, sent: true });
});

test("closing gives up what is under way", async () => {
  const { url } = await serve(() => {});
  const connection = new HttpConnection(url);
  const asked = connection.request({ ...get, deadlineMs: 60_000 });
  await Bun.sleep(50);
  connection.close();
  expect(await asked).toEqual({ answered: false, sent: true, error: "given up" });
});
