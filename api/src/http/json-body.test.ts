import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { readJson } from "./json-body.ts";
import { Problem } from "./problem.ts";

setDefaultTimeout(60_000);

const LIMIT = 10_000;

const bodiesOf = (limitBytes: number) => ({
  limitBytes,
  arrivingBytes: 0,
  arrivingLimitBytes: 2 * LIMIT,
  onRefused: () => {},
  onGarbage: () => {},
});

function read(body: BodyInit, headers: Record<string, string> = {}, limit = LIMIT): Promise<unknown> {
  const request = new Request("http://localhost/", {
    method: "POST",
    headers: { host: "localhost", "content-type": "application/json", ...headers },
    body,
  });
  return readJson(request, bodiesOf(limit));
}

/** As a client of unknown length: no Content-Length. */
function streamed(...chunks: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
}

async function statusOf(reading: Promise<unknown>): Promise<number> {
  try {
    await reading;
    return 200;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

describe("numbers", () => {
  test("come as they were sent: as a number while that is exact, beyond 2^53 as a bigint", async () => {
    const anyInteger = fc.oneof(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.maxSafeInteger().map(BigInt));
    await fc.assert(
      fc.asyncProperty(anyInteger, async (integer) => {
        const safe = Number.isSafeInteger(Number(integer));
        expect(await read(`{"n":${integer},"s":"${integer}"}`)).toEqual({
          n: safe ? Number(integer) : integer,
          s: String(integer),
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test("that are no integers are never rounded to one", async () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{0,19}$/);
    const fraction = fc.stringMatching(/^[0-9]{0,25}[1-9]$/);
    await fc.assert(
      fc.asyncProperty(digits, fraction, fc.boolean(), async (digits, fraction, negative) => {
        const value = await read(`${negative ? "-" : ""}${digits}.${fraction}`);
        expect(Number.isInteger(value)).toBe(false);
        expect(typeof value).toBe("number");
      }),
      { numRuns: 1_000 },
    );
    for (const small of ["1e-400", "-1E-324", "0.5e-9999"]) expect(await read(small)).toBeNaN();
    // The same integer in another spelling is one.
    expect(await read("[1.0, 1700000000000.000, 9007199254740991.0, 1e3]")).toEqual([
      1, 1_700_000_000_000, 9_007_199_254_740_991, 1_000,
    ]);
  });

  test("with an ordinary number of digits are those that JSON.parse reads, beside long ones too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = JSON.stringify(value);
        const parsed = JSON.parse(text);
        fc.pre(!/\d[\d.]{15}/.test(text));
        expect(await read(text)).toEqual(parsed);
        expect(await read(`[9007199254740993,${text}]`)).toEqual([9_007_199_254_740_993n, parsed]);
      }),
    );
  });
});

describe("a body", () => {
  test("may be as long as the limit in bytes, not in characters, whether its length is declared or not", async () => {
    for (const character of ["x", "я", "\u{1f327}"]) {
      const bytes = Buffer.byteLength(character);
      const fits = `"${character.repeat(Math.floor((LIMIT - 2) / bytes))}"`;
      const over = `"${character.repeat(Math.ceil((LIMIT - 1) / bytes))}"`;
      for (const form of [(text: string) => text, (text: string) => streamed(text.slice(0, 9), text.slice(9))]) {
        expect(await read(form(fits))).toBe(JSON.parse(fits));
        expect(await statusOf(read(form(over)))).toBe(413);
      }
    }
  });

  test("of unknown length is not read beyond the limit", async () => {
    let sent = 0;
    const long = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000;
        controller.enqueue(new Uint8Array(1_000));
        if (sent > 10 * LIMIT) controller.close();
      },
    });
    expect(await statusOf(read(long))).toBe(413);
    expect(sent).toBeLessThan(LIMIT + 5_000);
  });

  test("is read on after its refusal where the connection ends with the answer", async () => {
    for (const headers of [{ connection: "close" }, { connection: "Keep-Alive, Close" }, { host: "" }]) {
      let left = 100;
      const long = new ReadableStream<Uint8Array>({
        pull(controller) {
          left -= 1;
          if (left === 0) controller.close();
          else controller.enqueue(new Uint8Array(1_000));
        },
      });
      const request = new Request("http://localhost/", {
        method: "POST",
        headers: { "content-type": "application/json", host: "localhost", ...headers },
        body: long,
      });
      if (headers.host === "") request.headers.delete("host");
      expect(await statusOf(readJson(request, bodiesOf(LIMIT)))).toBe(413);
      expect(left).toBe(0);
    }
  });

  test("comes together from chunks that are cut anywhere, inside characters too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.array(fc.nat({ max: 400 })), async (text, cuts) => {
        const bytes = Buffer.from(JSON.stringify(text));
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const stream = new ReadableStream<Uint8Array>({
          start(controller) {
            for (const [index, place] of places.slice(1).entries())
              controller.enqueue(bytes.subarray(places[index], place));
            controller.close();
          },
        });
        expect(await read(stream)).toBe(text);
      }),
    );
  });

  test("is JSON by its media type, and nothing else is", async () => {
    for (const type of [
      "application/json",
      "APPLICATION/JSON",
      "application/json; charset=utf-8",
      'application/json;charset="UTF-8"',
      "application/json; charset=utf8; x=y",
      "application/vnd.weather+json",
      "text/json",
      "Text/JSON; charset=utf-8",
      "application/problem+json;charset=utf-8",
    ]) {
      expect(`${type} ${await statusOf(read("{}", { "content-type": type }))}`).toBe(`${type} 200`);
    }
    for (const type of [
      "text/jsonp",
      "text/x+json",
      "application/jsonp",
      "application/json charset=utf-8",
      "application/+json",
      "+json",
    ]) {
      expect(`${type} ${await statusOf(read("{}", { "content-type": type }))}`).toBe(`${type} 415`);
    }
    expect(await statusOf(read("{}", { "content-encoding": "identity" }))).toBe(200);
  });

  test("that is no UTF-8 is 400 and never repaired in silence", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 20 }), async (bytes) => {
        fc.pre(!Buffer.from(Buffer.from(bytes).toString()).equals(bytes));
        const body = Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]);
        expect(await statusOf(read(body))).toBe(400);
      }),
    );
  });
});

test("beyond a sum of bodies that are arriving, requests are refused and their connections end; each body counts until it is read", async () => {
  const bodies = bodiesOf(LIMIT);
  const slow = Array.from({ length: 3 }, () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const headers = { host: "localhost", "content-type": "application/json" };
    const request = () => new Request("http://localhost/", { method: "POST", headers, body: readable });
    return { reading: () => readJson(request(), bodies), writer: writable.getWriter() };
  });
  const [first, second] = slow.slice(0, 2).map(({ reading }) => reading());
  const refused = await slow[2]?.reading().catch((error) => error);
  expect(refused).toMatchObject({ status: 503, extra: { headers: { connection: "close" } } });
  for (const { writer } of slow.slice(0, 2)) {
    void writer.write(new TextEncoder().encode("{}"));
    void writer.close();
  }
  expect(await Promise.all([first, second])).toEqual([{}, {}]);
  expect(bodies.arrivingBytes).toBe(0);
});
