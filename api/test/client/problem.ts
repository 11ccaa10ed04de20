import { expect } from "bun:test";
import type { Answer } from "./connection.ts";

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: Readonly<Record<string, readonly string[]>>;
  readonly requestId: string;
}

/** Checks everything that is true of every error answer (RFC 9457), and returns its body. */
export function expectProblem(answer: Answer, status: number): ProblemBody {
  expect(`${answer.status} ${answer.text}`).toStartWith(`${status} {`);
  expect(answer.header("content-type")).toStartWith("application/problem+json");
  expect(answer.header("cache-control")).toBe("no-store");
  const body = answer.json<ProblemBody>();
  expect(body.type).toMatch(
    /^https:\/\/www\.rfc-editor\.org\/rfc\/(?:rfc9110#status\.\d{3}|rfc6585#section-4|rfc4918#section-11\.5)$/,
  );
  expect(body.title).toMatch(/^[A-Z][A-Za-z ]+$/);
  expect(body.status).toBe(status);
  expect(body.detail).toMatch(/.{5}/);
  expect(body.requestId).toBe(answer.header("x-request-id") ?? "");
  return body;
}

/** A 400 that says which fields are wrong. */
export function expectFieldErrors(answer: Answer, ...fields: readonly string[]): void {
  const { errors = {} } = expectProblem(answer, 400);
  expect(Object.keys(errors).sort()).toEqual([...fields].sort());
  for (const messages of Object.values(errors)) {
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expect(message).toMatch(/^(must|is) /);
  }
}
