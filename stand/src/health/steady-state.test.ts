import { expect, test } from "bun:test";
import { isLeader } from "./steady-state.ts";

/** As a machine answers: the health check, which ends without a new line of its own, then the line of the metrics. */
const answer = (leads: 0 | 1): string =>
  `HTTP/1.0 200 OK\r\nDate: Sat, 28 Nov 2026 16:44:54 GMT\r\nContent-Length: 29\r\n\r\n{"health":"true","reason":""}\netcd_server_is_leader ${leads}\n`;

test("who leads etcd is found in what its machines answer", () => {
  expect(isLeader(answer(1))).toBe(true);
  expect(isLeader(answer(0))).toBe(false);
  expect(isLeader("")).toBe(false);
});
