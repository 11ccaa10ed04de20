import { CITIES } from "../src/postgres/sample-data.ts";

/** The nine cities of the sample data, as GET /Cities answers them. */
export const baseCities: readonly { readonly id: number; readonly name: string }[] = CITIES.map((name, index) => ({
  id: index + 1,
  name,
}));
