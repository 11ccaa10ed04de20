/**
 * The Weather API in the usual way: one SQL query for every request, through a pool, and the rows made JSON. Same contract on the
 * wire, same runtime, same client. It is what the product is measured against, and never part of it.
 *
 *   DATABASE_URL=postgres://... PORT=8081 bun load/baseline/main.ts
 *
 * The tables must be there: start the product on the database once. POOL_SIZE (10), HOST (127.0.0.1).
 */
import { gzipSync } from "node:zlib";
import { Pool, types } from "pg";
import { type Answer, handle } from "./routes.ts";

types.setTypeParser(types.builtins.INT8, Number);

const { DATABASE_URL, HOST = "127.0.0.1", PORT = "8081", POOL_SIZE = "10" } = process.env;
if (!DATABASE_URL) {
  process.stderr.write("baseline: DATABASE_URL is missing\n");
  process.exit(2);
}
const pool = new Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE), connectionTimeoutMillis: 5_000 });
// A connection that breaks while it is idle is replaced by the pool.
pool.on("error", () => {});

/** Below this, gzip costs more than it spares; bytes. */
const WORTH_ENCODING = 1_024;

const server = Bun.serve({
  hostname: HOST,
  port: Number(PORT),
  idleTimeout: 120,
  fetch: async (request) => respond(request, await handle(pool, request)),
});
console.log(JSON.stringify({ msg: "listening", url: server.url.origin }));

let isStopping = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    if (isStopping) process.exit(130);
    isStopping = true;
    await server.stop();
    await pool.end();
    process.exit(0);
  });
}

function respond(request: Request, { status, body, type = "application/json; charset=utf-8" }: Answer): Response {
  const headers = { "Content-Type": type, Vary: "Accept-Encoding" };
  const takesGzip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (!takesGzip || body.length < WORTH_ENCODING) return new Response(body, { status, headers });
  return new Response(gzipSync(body, { level: 1 }), { status, headers: { ...headers, "Content-Encoding": "gzip" } });
}
