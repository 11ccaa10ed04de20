import { isDeepStrictEqual } from "node:util";
import { baseCities } from "../base-cities.ts";
import type { Load } from "../measure.ts";
import { decodeJson, problemIn } from "./decode.ts";

/** GET /Cities on the nine cities of the sample data; each kept answer is compared with them. */
export function citiesLoad(shape: { readonly connections: number; readonly rate?: number }): Load {
  return {
    ...shape,
    requests: [{ method: "GET", path: "/Cities" }],
    sameSize: true,
    check: (sample) =>
      problemIn(() =>
        isDeepStrictEqual(decodeJson(sample, "identity"), baseCities) ? undefined : "not the nine cities",
      ),
  };
}
