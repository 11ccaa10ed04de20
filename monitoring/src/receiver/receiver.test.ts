import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { readCertificate } from "@goldenring/stand";
import type { Notification } from "./alert-log.ts";
import { alertOf } from "./notifications.fixture.ts";
import { createReceiver } from "./receiver.ts";
import { makeReceiverCertificate } from "./secrets.fixture.ts";

const TOKEN = "the right one";
const secretsFolder = mkdtempSync(join(tmpdir(), "goldenring-receiver-"));
let ca: string;
let tls: { readonly cert: string; readonly key: string };
let server: Server;
let url: string;
let kept: Notification[];
let token: () => Promise<string>;
let keep: (notification: Notification) => void;

beforeAll(async () => {
  ca = makeReceiverCertificate(secretsFolder);
  tls = await readCertificate({ secretsFolder }, "operator/alert-receiver");
});
afterAll(() => rmSync(secretsFolder, { recursive: true }));
beforeEach(async () => {
  kept = [];
  token = async () => TOKEN;
  keep = (notification) => void kept.push(notification);
  server = createReceiver({ tls, path: "/alerts", token: () => token(), keep: (notification) => keep(notification) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

const fetchHere = (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, tls: { ca } });

async function post(body: string, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) {
  const answer = await fetchHere("/alerts", { method: "POST", body, headers });
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

  test("takes no token in clear, and none over an older TLS", async () => {
    const { port } = server.address() as AddressInfo;
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    const older = new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", ca, maxVersion: "TLSv1.2" }, () =>
        resolve(socket.getProtocol()),
      );
      socket.on("error", reject);
    });
    await expect(older).rejects.toThrow();
  });

  test("answers /healthz, and refuses other paths and methods", async () => {
    expect((await fetchHere("/healthz")).status).toBe(200);
    expect((await fetchHere("/")).status).toBe(404);
    expect((await fetchHere("/alerts")).status).toBe(405);
  });

  test("survives a sender that disconnects in the middle of a request", async () => {
    await new Promise<void>((resolve) => {
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: "127.0.0.1", ca }, () => {
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
