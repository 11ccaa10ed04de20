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
/** Room above the API's own limit, so that the API answers 413 with a problem and not the server with nothing. */
const BODY_ROOM = 1_048_576;

/** Throws with code EADDRINUSE or EACCES where the port cannot be had. */
export function serve(
  app: App,
  options: { readonly host: string; readonly port: number; readonly bodyLimit: number },
): Server {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: options.bodyLimit + BODY_ROOM,
    fetch: (request, self) => app(request, () => self.requestIP(request)?.address ?? "unknown"),
  });
  return {
    url: server.url.href.replace(/\/$/, ""),
    drain: () => server.stop(false),
    stop: () => void server.stop(true),
  };
}
