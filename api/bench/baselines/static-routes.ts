/** Bun's own static route: the answer is made once and sent without JavaScript. Nothing on this runtime is faster. */
import { baseCities } from "../base-cities.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: { "/Cities": Response.json(baseCities) },
  fetch: () => new Response("not found", { status: 404 }),
});
console.log(JSON.stringify({ msg: "listening", url: server.url.origin }));
