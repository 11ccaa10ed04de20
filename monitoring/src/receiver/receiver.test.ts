import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Notification } from "./notification.ts";
import { alertOf } from "./notifications.fixture.ts";
import { createReceiver } from "./receiver.ts";

const TOKEN = "the right one";
let server: Server;
let url: string;
let kept: Notification[];
let token: () => Promise<string>;
let keep: (notification: Notification) => void;

beforeEach(async () => {
  kept = [];
  token = async () => TOKEN;
  keep = (notification) => void kept.push(notification);
  server = createReceiver({ path: "/alerts", token: () => token(), keep: (notification) => keep(notification) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** As Alertmanager sends it, with more than is stored. */
const message = {
  ...{ version: "4", groupKey: "{}", receiver: "webhook", status: "firing", truncatedAlerts: 0 },
  ...{ groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: "http://here" },
  alerts: [{ ...alertOf("Down"), generatorURL: "http://there" }],
};

async function post(body: string, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) {
  const answer = await fetch(`${url}/alerts`, { method: "POST", body, headers });
  return { status: answer.status, text: await answer.text() };
}

describe("the receiver", () => {
  test("stores a notification with the time of its arrival", async () => {
    const before = Date.now();
    expect(await post(JSON.stringify(message))).toEqual({ status: 200, text: "stored\n" });
    const [notification] = kept;
    expect(notification).toEqual({
      arrivedAt: expect.any(String),
      version: "4",
      receiver: "webhook",
      groupKey: "{}",
      alerts: [alertOf("Down")],
    });
    expect(Date.parse(notification?.arrivedAt ?? "")).toBeGreaterThanOrEqual(before);
  });

  const strangers: [string, Record<string, string>][] = [
    ["no token", {}],
    ["another token", { authorization: "Bearer guessed" }],
    ["a part of the token", { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ["another kind of login", { authorization: `Basic ${TOKEN}` }],
  ];
  test.each(strangers)("refuses a sender with %s, and does not reveal the token", async (_, headers) => {
    const { status, text } = await post(JSON.stringify(message), headers);
    expect(status).toBe(401);
    expect(text).not.toContain(TOKEN);
    expect(kept).toEqual([]);
  });

  test.each([["{"], ["{}"], ["[]"], [JSON.stringify({ ...message, version: "3" })], [""]])(
    "refuses %p with 400: a retry would not help",
    async (body) => {
      expect((await post(body)).status).toBe(400);
      expect(kept).toEqual([]);
    },
  );

  test("refuses a body that is too large without reading all of it", async () => {
    expect((await post("x".repeat(2_100_000))).status).toBe(413);
  });

  test("asks for a retry when it cannot store a notification or does not know the token yet", async () => {
    keep = () => {
      throw new Error("no space left on device");
    };
    expect(await post(JSON.stringify(message))).toEqual({
      status: 503,
      text: "the notification cannot be stored: no space left on device\n",
    });
    token = () => Promise.reject(new Error("no playbook yet"));
    expect((await post(JSON.stringify(message))).status).toBe(503);
  });

  test("answers /healthz, and refuses other paths and methods", async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/alerts`)).status).toBe(405);
  });

  test("survives a sender that disconnects in the middle of a request", async () => {
    await new Promise<void>((resolve) => {
      const { port } = server.address() as AddressInfo;
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(
          `POST /alerts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-length: 100\r\n\r\n{`,
        );
      });
      server.once("request", () => socket.destroy());
      socket.on("close", () => resolve());
    });
    expect((await post(JSON.stringify(message))).status).toBe(200);
    expect(kept).toHaveLength(1);
  });
});
