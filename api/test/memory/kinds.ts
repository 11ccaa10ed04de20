import { randomBytes } from "node:crypto";

/** One way in which data grow. */
export interface Kind {
  readonly name: string;
  /** SQL that adds rows whose memory is about `bytes`. */
  prefill(bytes: number): string;
  /** The n-th write that makes the data larger. */
  grow(n: number): Write;
}

export interface Write {
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly body: object;
}

/** Of one entry beside its JSON, and what the allocator takes. */
const ENTRY_BYTES = 29;
const ALLOCATED_PER_BYTE = 1.12;
const rowsIn = (bytes: number, jsonBytes: number) =>
  Math.floor(bytes / (ALLOCATED_PER_BYTE * (jsonBytes + ENTRY_BYTES)));

const CITIES = 9;
const randomText = (length: number) => randomBytes(length).toString("base64").slice(0, length);

/** SQL that adds values without text whose memory is about `bytes` to cities with the ids from 1 on. */
export const valuesWithoutText = (bytes: number, cities = CITIES) => addValues(rowsIn(bytes, 88), "NULL", cities);

function addValues(rows: number, summary: string, cities = CITIES): string {
  return `INSERT INTO forecast (id, "cityId", "dateTime", temperature, summary)
    SELECT n, 1 + n % ${cities}, 1700000000000 + n::bigint * 60000, n % 40, ${summary} FROM generate_series(10001, ${10_000 + rows}) n;
    SELECT setval('forecast_id_seq', ${10_000 + rows})`;
}

const value = (n: number, summary: string | null) => ({
  dateTime: 1_700_000_000_000 + n,
  temperature: n % 40,
  summary,
});

export const KINDS: readonly Kind[] = [
  {
    name: "empty cities",
    prefill: (bytes) =>
      `INSERT INTO cities (id, name) SELECT n, 'City ' || n FROM generate_series(1001, ${1_000 + rowsIn(bytes, 36)}) n;
       SELECT setval('cities_id_seq', ${1_000 + rowsIn(bytes, 36)})`,
    grow: (n) => ({ method: "POST", path: "/Cities", body: { name: `New city ${n}` } }),
  },
  {
    name: "values without text",
    prefill: (bytes) => valuesWithoutText(bytes),
    grow: (n) => ({ method: "POST", path: `/Forecast/${1 + (n % CITIES)}`, body: value(n, null) }),
  },
  {
    name: "texts of 20 kB",
    prefill: (bytes) =>
      addValues(
        rowsIn(bytes, 20_100),
        "(SELECT string_agg(md5(n::text || k::text), '') FROM generate_series(1, 625) k)",
      ),
    grow: (n) => ({ method: "POST", path: `/Forecast/${1 + (n % CITIES)}`, body: value(n, randomText(20_000)) }),
  },
  {
    name: "growing PUTs",
    prefill: (bytes) => addValues(rowsIn(bytes, 300), "repeat(md5(n::text), 6)"),
    grow: (n) => ({ method: "PUT", path: `/Forecast/${10_001 + n}`, body: value(n, randomText(4_000)) }),
  },
];
