/** The minimum that a handler can do: one ready body for every request, through Bun's fetch handler, without own headers. */
import { baseCities } from "../base-cities.ts";

const bytes = new TextEncoder().encode(JSON.stringify(baseCities));

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => new Response(bytes),
});
console.log(JSON.stringify({ msg: "listening", url: server.url.origin }));
