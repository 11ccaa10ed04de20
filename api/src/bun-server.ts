import type { App } from "./http/app.ts";

/** The only file that uses Bun's own API: another runtime needs another one like it. */
export interface Server {
  readonly url: string;
  /** Stops accepting, waits until the requests under way are answered, and ends idle connections. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  stop(): void;
}

/** s without a byte in either direction before a connection is closed: a client must not hold one for nothing. */
const IDLE_SECONDS = 60;
/** The API has its own limit and answers 413 with a problem; the server's would cut the connection without one. */
const NO_BODY_LIMIT = Number.MAX_SAFE_INTEGER;

/** Throws with code EADDRINUSE or EACCES where the port cannot be had. */
export function serve(app: App, options: { readonly host: string; readonly port: number }): Server {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: NO_BODY_LIMIT,
    fetch: (request, self) => app(request, () => self.requestIP(request)?.address ?? "unknown"),
  });
  return {
    url: server.url.href.replace(/\/$/, ""),
    drain: () => server.stop(false),
    stop: () => void server.stop(true),
  };
}
