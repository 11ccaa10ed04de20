import type { App } from "./http/app.ts";

/** Beside the streams of http/open-answers.ts and the files of http/static-pages.ts this is all that uses Bun's own API. */
export type Server = ReturnType<typeof serve>;

/** A connection without a byte in either direction for this long is closed. */
const IDLE_S = 60;
/** The API answers 413 with a problem at its own limit; the server would cut the connection without an answer. */
const NO_BODY_LIMIT_BYTES = Number.MAX_SAFE_INTEGER;

/** Throws with code EADDRINUSE or EACCES if the port cannot be used. */
export function serve(app: App, options: { readonly host: string; readonly port: number }) {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_S,
    maxRequestBodySize: NO_BODY_LIMIT_BYTES,
    fetch: (request, self) => app(request, () => self.requestIP(request)?.address ?? "unknown"),
  });
  return {
    url: server.url.href.replace(/\/$/, ""),
    /** Stops accepting, waits until open requests are answered, and closes idle connections. */
    drain: () => server.stop(false),
    /** Cuts the remaining connections. */
    stop: () => void server.stop(true),
  };
}

/** Collects garbage before it returns, and gives free memory back to the system. */
export function collectGarbage(): void {
  Bun.gc(true);
}
