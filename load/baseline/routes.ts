import type { Pool } from "pg";
import * as z from "zod";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

const Id = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const Digits = z.string().regex(/^-?\d+$/);
/** Clients may send numbers as strings of digits. */
const Whole = z.union([z.int(), Digits.transform(Number)]).pipe(z.int());
const CityInput = z.object({ name: z.string().min(1).max(255) });
const ValueInput = z.object({
  dateTime: Whole,
  temperature: Whole.pipe(z.int32()),
  summary: z.string().nullish(),
  cityId: Whole.optional(),
});

const VALUE = `id, "cityId", "dateTime", temperature, summary`;

type Handler = (pool: Pool, id: number, input: unknown) => Promise<Answer>;

const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /cities": async (pool) => ok((await run(pool, "cities", "SELECT id, name FROM public.cities ORDER BY id")).rows),
  "GET /cities/:id": (pool, id) => one(pool, "city", "SELECT id, name FROM public.cities WHERE id = $1", [id]),
  "POST /cities": (pool, _, input) => {
    const { name } = CityInput.parse(input);
    return one(pool, "city-add", "INSERT INTO public.cities (name) VALUES ($1) RETURNING id, name", [name]);
  },
  "PUT /cities/:id": (pool, id, input) => {
    const { name } = CityInput.parse(input);
    return one(pool, "city-put", "UPDATE public.cities SET name = $2 WHERE id = $1 RETURNING id, name", [id, name]);
  },
  "GET /forecast": async (pool) => {
    const cities = await everything(pool);
    return ok(cities.map(({ id, name, forecast }) => ({ city: { id, name }, forecast })));
  },
  "GET /forecast/:id": (pool, id) => one(pool, "value", `SELECT ${VALUE} FROM public.forecast WHERE id = $1`, [id]),
  "POST /forecast/:id": (pool, id, input) => {
    const { dateTime, temperature, summary = null } = ValueInput.parse(input);
    const sql = `INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary)
                 SELECT id, $2, $3, $4 FROM public.cities WHERE id = $1 RETURNING ${VALUE}`;
    return one(pool, "value-add", sql, [id, dateTime, temperature, summary]);
  },
  "PUT /forecast/:id": (pool, id, input) => {
    const { dateTime, temperature, summary = null, cityId = null } = ValueInput.parse(input);
    const sql = `UPDATE public.forecast
                    SET "dateTime" = $2, temperature = $3, summary = $4,
                        "cityId" = coalesce((SELECT id FROM public.cities WHERE id = $5), "cityId")
                  WHERE id = $1 RETURNING ${VALUE}`;
    return one(pool, "value-put", sql, [id, dateTime, temperature, summary, cityId]);
  },
  "GET /weatherforecast": async (pool) => ok(await everything(pool)),
  "GET /healthz/live": async () => HEALTHY,
  "GET /healthz/ready": async (pool) => {
    await run(pool, "ready", "SELECT 1");
    return HEALTHY;
  },
};

const HEALTHY: Answer = { status: 200, body: "Healthy", type: "text/plain" };

export async function handle(pool: Pool, request: Request): Promise<Answer> {
  // A proxy's health check may name no host, and Bun then gives a path for a URL.
  const { pathname } = new URL(request.url, "http://baseline");
  const [, path = "", id] = /^(\/[a-z]+(?:\/(?:live|ready))?)(?:\/([^/]+))?\/?$/i.exec(pathname) ?? [];
  const handler = ROUTES[`${request.method} ${path.toLowerCase()}${id === undefined ? "" : "/:id"}`];
  if (handler === undefined) return problem(404, "no such path");
  try {
    const number = id === undefined ? 0 : Id.parse(id);
    return await handler(pool, number, request.method === "GET" ? undefined : await request.json());
  } catch (error) {
    if (error instanceof z.ZodError) return problem(400, z.prettifyError(error));
    if (error instanceof SyntaxError) return problem(400, "the body is no JSON");
    return problem(503, error instanceof Error ? error.message : String(error));
  }
}

/** All cities with all their values, by one query, put together here. */
async function everything(pool: Pool): Promise<{ id: number; name: string; forecast: unknown[] }[]> {
  const { rows } = await run(
    pool,
    "everything",
    `SELECT c.id AS city, c.name, f.id, f."cityId", f."dateTime", f.temperature, f.summary
       FROM public.cities c LEFT JOIN public.forecast f ON f."cityId" = c.id ORDER BY c.id, f.id`,
  );
  const cities: Awaited<ReturnType<typeof everything>> = [];
  for (const { city, name, ...value } of rows) {
    if (cities.at(-1)?.id !== city) cities.push({ id: city, name, forecast: [] });
    if (value.id !== null) cities.at(-1)?.forecast.push(value);
  }
  return cities;
}

/** Prepared once on each connection. */
function run(pool: Pool, name: string, text: string, values: unknown[] = []) {
  return pool.query({ name, text, values });
}

async function one(pool: Pool, name: string, text: string, values: unknown[]): Promise<Answer> {
  const { rows } = await run(pool, name, text, values);
  return rows.length === 0 ? problem(404, "no such id") : ok(rows[0]);
}

function ok(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value) };
}

function problem(status: number, detail: string): Answer {
  const body = JSON.stringify({ type: "about:blank", title: detail, status, detail });
  return { status, body, type: "application/problem+json" };
}
