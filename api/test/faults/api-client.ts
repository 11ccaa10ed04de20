import { z } from "zod";

/** How an answer marks itself when the primary did not confirm it. */
export interface Stale {
  readonly ageSeconds: number;
}

export interface Answer {
  readonly status: number;
  /** performance.now() before the request was sent and after the answer was read. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined on an answer that claims to be current. */
  readonly stale: Stale | undefined;
}

export interface Value {
  readonly id: number;
  readonly cityId: number;
  readonly dateTime: number;
  readonly temperature: number;
  readonly summary: string | null;
}

export interface City {
  readonly id: number;
  readonly name: string;
}

export type NewValue = Pick<Value, "dateTime" | "temperature" | "summary">;

/** A later answer counts as none. The deadline of writes is shorter. */
const ANSWER_DEADLINE_MS = 45_000;

/** One API process as its clients see it. Throws where no HTTP answer comes at all. */
export class ApiClient {
  constructor(readonly url: string) {}

  async send(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<Answer> {
    const startedAt = performance.now();
    const response = await fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
      ...(body === undefined
        ? {}
        : {
            body: JSON.stringify(body),
            headers: { "content-type": "application/json", "accept-encoding": "identity" },
          }),
    });
    const text = await response.text();
    const endedAt = performance.now();
    return { status: response.status, startedAt, endedAt, headers: response.headers, text, stale: staleness(response) };
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  addValue(cityId: number, value: NewValue): Promise<Answer> {
    return this.send("POST", `/Forecast/${cityId}`, value);
  }

  changeValue(id: number, value: NewValue & { readonly cityId?: number }): Promise<Answer> {
    return this.send("PUT", `/Forecast/${id}`, value);
  }

  renameCity(id: number, name: string): Promise<Answer> {
    return this.send("PUT", `/Cities/${id}`, { name });
  }

  /** The sum of a counter's series in `/metrics`. */
  async counter(name: string): Promise<number> {
    const { text } = await this.get("/metrics");
    const series = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }
}

/** Throws where only one of the two marks is there, or `Age` is no number of seconds. */
function staleness({ headers }: Response): Stale | undefined {
  const warning = headers.get("warning");
  const age = headers.get("age");
  if (warning === null && age === null) return undefined;
  if (!warning?.startsWith("110 ") || !age || !/^\d+$/.test(age)) throw new Error(`half marked: ${warning}, ${age}`);
  return { ageSeconds: Number(age) };
}

const valueShape = z.strictObject({
  id: z.int(),
  cityId: z.int(),
  dateTime: z.int(),
  temperature: z.int(),
  summary: z.string().nullable(),
});
const cityShape = z.strictObject({ id: z.int(), name: z.string() });
const weatherShape = z.array(cityShape.extend({ forecast: z.array(valueShape) }));
const forecastShape = z.array(z.strictObject({ city: cityShape, forecast: z.array(valueShape) }));

/** The body of an answer, checked. Throws where the answer is no 200. */
export const bodyOf = {
  value: (answer: Answer): Value => parsed(answer, valueShape),
  city: (answer: Answer): City => parsed(answer, cityShape),
  cities: (answer: Answer): City[] => parsed(answer, z.array(cityShape)),
  weather: (answer: Answer): Value[] => parsed(answer, weatherShape).flatMap(({ forecast }) => forecast),
  forecast: (answer: Answer): Value[] => parsed(answer, forecastShape).flatMap(({ forecast }) => forecast),
};

function parsed<T>(answer: Answer, shape: z.ZodType<T>): T {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text.slice(0, 300)}`);
  return shape.parse(JSON.parse(answer.text));
}
