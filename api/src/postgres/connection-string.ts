import type { DatabaseConfig, Endpoint, TlsMode } from "./connection.ts";

const DEFAULT_PORT = 5432;
/** `key = value;` with the value in double quotes, in single quotes or bare. */
const KEY_AND_VALUE = /\s*([^=;]+)=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*))\s*(?:;|$)/g;

/**
 * `postgres://user:password@host1:5000,host2:5432/database?sslmode=…&sslrootcert=…&channel_binding=…`, libpq's form with several hosts.
 * Throws an Error that never contains the password.
 */
export function parseDatabaseUrl(text: string): DatabaseConfig {
  // No @ after the hosts: it would come from a password that is not encoded, part of which would be taken for a host.
  const match = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?]+)\/([^@/?]+)(?:\?([^@]*))?$/.exec(text);
  if (!match)
    throw new Error(
      "must look like postgres://user:password@host:5432/database (encode special characters in the password as %XX)",
    );
  const [, user = "", password = "", hosts = "", database = "", query = ""] = match;
  const options = new URLSearchParams(query);
  const sslmode = options.get("sslmode") ?? "disable";
  return {
    endpoints: parseHosts(hosts, DEFAULT_PORT),
    database: decode(database, "the database's name"),
    user: decode(user, "the user"),
    password: decode(password, "the password"),
    tls: tlsMode(sslmode, options.get("sslrootcert") ?? undefined),
    channelBinding: channelBinding(options.get("channel_binding") ?? "disable", sslmode),
  };
}

/**
 * The .NET form of the original service. `Server` (or `Host`) may list several hosts, separated by commas, with or without
 * a port. A value with semicolons is quoted; a quote inside it is doubled. Throws an Error that never contains the password.
 */
export function parseConnectionString(text: string): DatabaseConfig {
  const parts = new Map<string, string>();
  for (const [, key = "", double, single, bare = ""] of text.matchAll(KEY_AND_VALUE)) {
    const value = double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? bare.trim();
    parts.set(key.toLowerCase().replaceAll(/\s/g, ""), value);
  }
  const get = (...names: string[]): string | undefined =>
    names.map((name) => parts.get(name)).find((value) => value !== undefined);
  const hosts = get("server", "host", "datasource");
  const user = get("userid", "username", "user", "uid");
  const database = get("database", "db");
  if (!hosts || !user || !database) throw new Error("must name Server, Database and User Id");
  const port = parsePort(get("port") ?? String(DEFAULT_PORT));
  const sslmode = get("sslmode") ?? "disable";
  return {
    endpoints: parseHosts(hosts, port),
    database,
    user,
    password: get("password", "pwd") ?? "",
    tls: tlsMode(sslmode.toLowerCase().replace("verifyfull", "verify-full"), get("rootcertificate")),
    channelBinding: channelBinding((get("channelbinding") ?? "disable").toLowerCase(), sslmode),
  };
}

/** The errors do not repeat the text: if the @ before the hosts is missing, it is the password. */
function parseHosts(text: string, fallbackPort: number): Endpoint[] {
  return text.split(",").map((part, index) => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d+))?$/.exec(part.trim());
    const host = match?.[1] ?? match?.[2];
    if (!match || !host) throw new Error(`host ${index + 1} must be a host, host:port or [IPv6 address]:port`);
    return { host, port: match[3] === undefined ? fallbackPort : parsePort(match[3]) };
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new Error("a port must be a number from 1 to 65535");
  return port;
}

function tlsMode(mode: string, caFile: string | undefined): TlsMode {
  if (mode === "disable" || mode === "require") return { mode };
  if (mode === "verify-full") return caFile === undefined ? { mode } : { mode, caFile };
  throw new Error(`sslmode must be disable, require or verify-full, not "${mode}"`);
}

function channelBinding(mode: string, sslmode: string): DatabaseConfig["channelBinding"] {
  if (mode === "disable") return mode;
  if (mode !== "require") throw new Error(`channel_binding must be disable or require, not "${mode}"`);
  if (sslmode === "" || sslmode === "disable")
    throw new Error("channel_binding=require needs TLS: sslmode=verify-full");
  return mode;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`${what} has a % that does not start a %XX`);
  }
}
