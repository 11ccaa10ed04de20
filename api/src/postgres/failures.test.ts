import { describe, expect, test } from "bun:test";
import { QueryTimeout } from "./connection.ts";
import { classifyFailure, sqlState } from "./failures.ts";
import { NoPrimary } from "./primary.ts";

/** As `pg` reports what a server sent. */
function serverError(code: string): Error {
  return Object.assign(new Error("from the server"), { severity: "ERROR", code });
}

describe("a failed statement", () => {
  test("is retried if the cause is the server, the network or its role", () => {
    for (const code of [
      "08006", // connection failure
      "25006", // read-only: a demoted primary
      "40001", // serialization failure
      "40P01", // deadlock
      "53300", // too many connections
      "55000", // recovery is in progress
      "55P03", // lock not available
      "57014", // query cancelled
      "57P01", // admin shutdown
      "57P02", // crash shutdown
      "57P03", // cannot connect now
      "58030", // I/O error
      "XX000", // internal error
    ]) {
      expect(`${code} ${classifyFailure(serverError(code))}`).toBe(`${code} retry`);
    }
    for (const error of [
      new QueryTimeout("changes", 100),
      new NoPrimary(["h:1 refused"]),
      Object.assign(new Error("connect"), { code: "ECONNREFUSED" }),
      Object.assign(new Error("a socket's code of five letters"), { code: "EPIPE" }),
      new Error("Connection terminated unexpectedly"),
      "not even an error",
      undefined,
    ]) {
      expect(classifyFailure(error)).toBe("retry");
    }
  });

  test("is refused if the data break a rule", () => {
    for (const code of ["22001", "22003", "22021", "23502", "23503", "23505", "23514"]) {
      expect(classifyFailure(serverError(code))).toBe("refused");
    }
  });

  test("is broken if anything else is wrong with the database", () => {
    for (const code of ["42P01", "42501", "42703", "28P01", "3D000", "0A000", "26000"]) {
      expect(classifyFailure(serverError(code))).toBe("broken");
    }
  });

  test("has an SQLSTATE only if a server sent one", () => {
    expect(sqlState(serverError("23505"))).toBe("23505");
    expect(sqlState(Object.assign(new Error("x"), { code: "EPIPE" }))).toBeUndefined();
    expect(sqlState(new QueryTimeout("changes", 1))).toBeUndefined();
    expect(sqlState(null)).toBeUndefined();
  });
});
