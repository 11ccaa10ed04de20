import { expect, test } from "bun:test";
import fc from "fast-check";
import { AnswerParser, type ParsedAnswer } from "./answer-parser.ts";

const BODY = '{"summary":"Суздаль"}';
const ANSWERS = {
  "of a known length": `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(BODY)}\r\nX-Served-By: api-02\r\n\r\n${BODY}`,
  "in chunks": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${BODY.slice(0, 5)}\r\n${(Buffer.byteLength(BODY) - 5).toString(16)}\r\n${BODY.slice(5)}\r\n0\r\n\r\n`,
  "after an interim one": `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`,
};

/** The bytes in pieces cut at these places. */
function parse(text: string, cuts: readonly number[]): ParsedAnswer | undefined {
  const bytes = Buffer.from(text);
  const places = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((one, other) => one - other);
  const parser = new AnswerParser();
  let answer: ParsedAnswer | undefined;
  let from = 0;
  for (const to of places) {
    answer = parser.push(bytes.subarray(from, to));
    if (to < bytes.length) expect(answer).toBeUndefined();
    from = to;
  }
  return answer;
}

for (const [what, text] of Object.entries(ANSWERS)) {
  test(`an answer ${what} is the same in whatever pieces it comes`, () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        const answer = parse(text, cuts);
        expect(answer).toMatchObject({ status: 200, keepAlive: true });
        expect(answer?.body.toString()).toBe(BODY);
      }),
    );
  });
}

test("an answer that ends with its connection is complete only then", () => {
  const parser = new AnswerParser();
  expect(parser.push(Buffer.from(`HTTP/1.1 502 Bad Gateway\r\n\r\n${BODY}`))).toBeUndefined();
  expect(parser.end()).toMatchObject({ status: 502, keepAlive: false });
});

test("an answer cut in the middle is none", () => {
  for (const text of Object.values(ANSWERS)) {
    const parser = new AnswerParser();
    expect(parser.push(Buffer.from(text).subarray(0, -3))).toBeUndefined();
    expect(parser.end()).toBeUndefined();
  }
});

test("a connection that the server is about to close is not used again", () => {
  const parser = new AnswerParser();
  const answer = parser.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  expect(answer?.keepAlive).toBe(false);
});

test("an answer to HEAD has no body, whatever its headers say", () => {
  const parser = new AnswerParser({ toHead: true });
  const answer = parser.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"));
  expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0), keepAlive: true });
});

test("what comes after an answer is kept for the next one", () => {
  const parser = new AnswerParser();
  const [first, next] = [ANSWERS["of a known length"], "HTTP/1.1 204 No Content\r\n\r\n"];
  expect(parser.push(Buffer.from(first + next))).toMatchObject({ status: 200, keepAlive: false });
  expect(parser.rest.toString()).toBe(next);
});

test("what is no HTTP is refused", () => {
  for (const text of ["SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "x".repeat(70_000)])
    expect(() => new AnswerParser().push(Buffer.from(text))).toThrow("no HTTP answer");
});
