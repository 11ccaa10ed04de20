/** The ordinary way: one prepared SQL statement per request through a pool, the rows made JSON. No checks, no logs, no metrics. */
import { Pool, types } from "pg";

types.setTypeParser(types.builtins.INT8, Number);
// The pool's default of 10 connections: 5, 20 and 32 made no difference beyond the noise.
const pool = new Pool({ connectionString: process.env.DATABASE_URL });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: {
    "/Cities": async () => {
      const { rows } = await pool.query({ name: "cities", text: "SELECT id, name FROM public.cities ORDER BY id" });
      return Response.json(rows);
    },
    "/Forecast/:id": {
      GET: async (request) => {
        const { rows } = await pool.query({
          name: "forecast",
          text: `SELECT id, "cityId", "dateTime", temperature, summary FROM public.forecast WHERE id = $1`,
          values: [request.params.id],
        });
        return rows.length === 0 ? new Response("not found", { status: 404 }) : Response.json(rows[0]);
      },
      POST: async (request) => {
        const { dateTime, temperature, summary } = await request.json();
        const { rows } = await pool.query({
          name: "insert",
          text: `INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary) VALUES ($1, $2, $3, $4)
                 RETURNING id, "cityId", "dateTime", temperature, summary`,
          values: [request.params.id, dateTime, temperature, summary],
        });
        return Response.json(rows[0]);
      },
    },
  },
  fetch: () => new Response("not found", { status: 404 }),
});
console.log(JSON.stringify({ msg: "listening", url: server.url.origin }));
