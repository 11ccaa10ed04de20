import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import manifest from "../package.json" with { type: "json" };
import { collectGarbage, type Server, serve } from "./bun-server.ts";
import { type Config, ConfigError, readConfig, VARIABLES } from "./config.ts";
import { createLog, type Log, messageOf } from "./operations/log.ts";
import { createService, type Service } from "./service.ts";

/** Exit codes of the process. */
const EXIT = { stopped: 0, failed: 1, usage: 2, interruptedTwice: 130 } as const;

/** Migrates the database and ends. Its role owns the tables; without this option a role that may only read and write rows is enough. */
const IS_MIGRATION_ONLY = process.argv.includes("--migrate");

/** Both the terminal and npm send Ctrl-C: within this time a second signal is the same one. */
const SAME_SIGNAL_MS = 1_000;

/** The output of `bun api/page/build.ts`; in the bundle it has the same place relative to this file. */
const PAGE_FOLDER = resolve(import.meta.dirname, "../page/dist");

/** What runs, in the order in which it is stopped. */
interface Running {
  server?: Server;
  service?: Service;
  embedded?: { stop(): Promise<void> };
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) return printHelp();
  const config = configOrExit();
  const log = createLog(config.logLevel);
  const running: Running = {};
  const stop = () => stopAll(running, config, log);
  stopOnSignals(stop, log);
  let code: number = EXIT.stopped;
  try {
    await start(running, config, log);
    if (!IS_MIGRATION_ONLY) return;
  } catch (error) {
    process.stderr.write(`\ngoldenring: ${messageOf(error)}\n`);
    code = EXIT.failed;
  }
  await stop();
  process.exit(code);
}

async function start(running: Running, config: Config, log: Log): Promise<void> {
  const database = config.database ?? (await startEmbedded(running, config, log));
  const { version } = manifest;
  const own = { version, pageFolder: PAGE_FOLDER, collectGarbage, isMigrationOnly: IS_MIGRATION_ONLY };
  const service = createService({ ...config, ...own, database }, log);
  running.service = service;
  if (own.isMigrationOnly) return service.start();
  running.server = listen(service, config);
  const { url } = running.server;
  log.info({ url, version, embedded: config.database === undefined }, "listening");
  await service.start();
  log.info({ url }, "ready");
  if (process.stdout.isTTY)
    process.stderr.write(`\n  Goldenring is ready: ${url.replace("127.0.0.1", "localhost")}\n\n`);
}

function listen(service: Service, config: Config): Server {
  try {
    return serve(service.app, { host: config.host, port: config.port });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    const reason = code === "EADDRINUSE" ? "is taken by another program" : "may not be used by this account";
    throw new Error(`port ${config.port} on ${config.host} ${reason}: choose another one, such as PORT=8081`);
  }
}

async function startEmbedded(running: Running, config: Config, log: Log) {
  const { openEmbeddedDatabase } = await import("./embedded/embedded-database.ts");
  const { parseDatabaseUrl } = await import("./postgres/connection-string.ts");
  const folder = resolve(import.meta.dirname, "../..", config.dataFolder);
  const embedded = await openEmbeddedDatabase(folder, (message) => log.info(message));
  running.embedded = embedded;
  return parseDatabaseUrl(embedded.url);
}

function stopOnSignals(stop: () => Promise<void>, log: Log): void {
  let signalledMs: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (signalledMs !== undefined) {
        if (performance.now() - signalledMs > SAME_SIGNAL_MS) process.exit(EXIT.interruptedTwice);
        return;
      }
      signalledMs = performance.now();
      log.info({ signal }, "stopping");
      stop().then(
        () => process.exit(EXIT.stopped),
        (error) => {
          const { name, message } = error instanceof Error ? error : { name: undefined, message: String(error) };
          log.error({ err: { name, message } }, "did not stop cleanly");
          process.exit(EXIT.failed);
        },
      );
    });
  }
}

/** First readiness, so that load balancers send no more; then requests, writes, connections, the embedded server. */
async function stopAll(running: Running, config: Config, log: Log): Promise<void> {
  running.service?.unready();
  if (running.server) await delay(config.shutdownDelayMs);
  const deadline = performance.now() + config.shutdownGraceMs;
  if (running.server) await Promise.race([running.server.drain(), delay(config.shutdownGraceMs)]);
  await running.service?.stop(deadline);
  running.server?.stop();
  await running.embedded?.stop();
  log.info("stopped");
}

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `goldenring: these environment variables are not valid:\n${error.message}\n\n--help lists all of them.\n`,
    );
    process.exit(EXIT.usage);
  }
}

function printHelp(): void {
  const rows = VARIABLES.map(
    ({ name, fallback, meaning }) => `  ${name}\n      ${meaning}${fallback ? ` (default: ${fallback})` : ""}`,
  );
  process.stdout.write(
    `Goldenring Weather API ${manifest.version}\n\nUsage: npm start [-- --migrate]\n\n  --migrate\n      creates or changes the tables, adds the sample data if configured, and ends\n\nEnvironment variables:\n${rows.join("\n")}\n\n` +
      "Exit codes: 0 stopped, 1 failed, 2 invalid settings, 130 interrupted twice.\n",
  );
}

await main();
