import { describe, expect, test } from "bun:test";
import { type Answer, AnswerReader } from "./answer-reader.ts";

const withLength = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const inChunks =
  "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n";

/** Feeds the text in pieces of a size; expects the answer with the last piece. */
function readInPieces(reader: AnswerReader, text: string, size: number): Answer | undefined {
  let answer: Answer | undefined;
  for (let at = 0; at < text.length; at += size) {
    expect(answer).toBeUndefined();
    answer = reader.push(Buffer.from(text.slice(at, at + size)));
  }
  return answer;
}

describe("the answer reader", () => {
  for (const size of [1, 2, 3, 7, 20, 1000]) {
    test(`reads answers that arrive in pieces of ${size} bytes, one after the other`, () => {
      const reader = new AnswerReader();
      reader.keepBody = true;
      for (let time = 0; time < 2; time += 1) {
        const first = readInPieces(reader, withLength, size);
        expect(first?.status).toBe(200);
        expect(first?.bodyBytes).toBe(5);
        expect(Buffer.concat(first?.body ?? []).toString()).toBe("hello");
        const second = readInPieces(reader, inChunks, size);
        expect(second?.status).toBe(503);
        expect(second?.bodyBytes).toBe(15);
        expect(Buffer.concat(second?.body ?? []).toString()).toBe("hello0123456789");
      }
    });
  }

  test("takes an empty body for an answer", () => {
    const answer = new AnswerReader().push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    expect(answer?.bodyBytes).toBe(0);
  });

  test("refuses more bytes than the answer has", () => {
    expect(() => new AnswerReader().push(Buffer.from(`${withLength}!`))).toThrow("1 bytes after the end");
  });

  test("refuses a chunk that is longer than it says", () => {
    const wrong = inChunks.replace("5\r\nhello", "4\r\nhello");
    expect(() => new AnswerReader().push(Buffer.from(wrong))).toThrow();
  });

  test("refuses what is not HTTP", () => {
    expect(() => new AnswerReader().push(Buffer.from("SSH-2.0-OpenSSH\r\n\r\n"))).toThrow("not an HTTP/1.1 answer");
  });
});
