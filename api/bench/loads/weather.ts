import type { DataDigest } from "../databases.ts";
import type { Load } from "../measure.ts";
import { decodeJson, type Encoding, isRecord, problemIn } from "./decode.ts";

export interface WeatherExpectation {
  readonly digest: DataDigest;
  /** True if values are being inserted: the answers may then hold more than the digest. */
  readonly growing?: boolean;
}

/** GET /WeatherForecast in one or several encodings, in turn; kept answers are decoded, parsed and summed up. */
export function weatherLoad(
  encodings: readonly Encoding[],
  connections: number,
  expected: WeatherExpectation,
  samples = 4,
): Load {
  return {
    connections,
    samples,
    requests: encodings.map((encoding) => ({
      method: "GET",
      path: "/WeatherForecast",
      headers: { "Accept-Encoding": encoding },
    })),
    sameSize: expected.growing !== true && encodings.length === 1,
    check: (sample) =>
      problemIn(() => {
        const asked = encodings.find((encoding) => sample.request.headers?.["Accept-Encoding"] === encoding);
        return asked === undefined ? "an encoding nobody asked for" : compare(decodeJson(sample, asked), expected);
      }),
  };
}

/** What is wrong with a GET /WeatherForecast answer, or undefined. */
function compare(answer: unknown, { digest, growing = false }: WeatherExpectation): string | undefined {
  const served = sumsOf(answer);
  const text = JSON.stringify(served);
  if (served.cities !== digest.cities) return `${text}, the database has ${digest.cities} cities`;
  if (growing) return served.values >= digest.values ? undefined : `${text}, there were ${digest.values} values before`;
  if (served.values === digest.values && served.temperatures === digest.temperatures) return undefined;
  return `${text}, the database has ${JSON.stringify(digest)}`;
}

/** Throws if the answer has not the shape of the contract. */
function sumsOf(answer: unknown): DataDigest {
  if (!Array.isArray(answer)) throw new Error("not an array");
  const ids = new Set<unknown>();
  let temperatures = 0;
  for (const city of answer) {
    if (!isRecord(city) || typeof city.name !== "string" || !Array.isArray(city.forecast)) throw new Error("no city");
    for (const value of city.forecast) {
      if (!isRecord(value) || value.cityId !== city.id || typeof value.dateTime !== "number") {
        throw new Error("a value that isn't one of its city");
      }
      ids.add(value.id);
      temperatures += Number(value.temperature);
    }
  }
  return { cities: answer.length, values: ids.size, temperatures };
}
