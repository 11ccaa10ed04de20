import { readFileSync } from "node:fs";
import pg from "pg";
import { serialize } from "pg-protocol";

/** Where a PostgreSQL server, or a proxy in front of it, listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface DatabaseConfig {
  /** Tried in order; the first that leads to a primary wins. */
  readonly endpoints: readonly Endpoint[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: TlsMode;
  /** Whether the server must prove that it knows the password and that TLS ends there (SCRAM with channel binding). */
  readonly channelBinding: "disable" | "require";
}

/** As libpq's sslmode: `require` encrypts without a check of the server, `verify-full` checks its name and CA. */
export interface TlsMode {
  readonly mode: "disable" | "require" | "verify-full";
  readonly caFile?: string;
}

/** A statement prepared once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** It is sent again and again with the same values: its bytes are kept. */
  readonly isRepeated?: true;
}

export type Row = readonly (string | null)[];

/** The answer did not come in time. What the server did is unknown. */
export class QueryTimeout extends Error {
  constructor(name: string, deadlineMs: number) {
    super(`no answer to "${name}" within ${deadlineMs} ms`);
    this.name = "QueryTimeout";
  }
}

/**
 * One session with one server. Every query has a deadline; a query that misses it ends the session, because a late
 * answer must never be taken for the answer to the next query.
 */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #client: pg.Client;
  #lost = false;

  private constructor(client: pg.Client, endpoint: Endpoint) {
    this.#client = client;
    this.endpoint = endpoint;
    client.on("error", () => this.destroy());
    client.on("end", () => {
      this.#lost = true;
    });
  }

  static async open(
    config: DatabaseConfig,
    endpoint: Endpoint,
    options: { readonly deadlineMs: number; readonly applicationName: string; readonly settings?: string },
  ): Promise<Connection> {
    const client = new pg.Client({
      host: endpoint.host,
      port: endpoint.port,
      database: config.database,
      user: config.user,
      password: config.password,
      ssl: tlsOptions(config.tls),
      application_name: options.applicationName,
      connectionTimeoutMillis: options.deadlineMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      enableChannelBinding: config.channelBinding === "require",
      ...(options.settings === undefined ? {} : { options: options.settings }),
    });
    const connection = new Connection(client, endpoint);
    try {
      const connected = client.connect();
      refuseToTell(client, config);
      await connected;
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Rows as arrays of PostgreSQL's text values. Text without values may be several statements by semicolons.
   * Throws QueryTimeout, or the server's or the socket's error.
   */
  async query(statement: Statement | string, values: readonly unknown[], deadlineMs: number): Promise<Row[]> {
    if (typeof statement !== "string") return this.#execute(statement, bindBytes(statement, values), deadlineMs);
    const query: pg.QueryArrayConfig & { query_timeout: number } = {
      text: statement,
      values: values as unknown[],
      rowMode: "array",
      query_timeout: deadlineMs,
      types: RAW_TYPES,
    };
    try {
      return (await this.#client.query<(string | null)[]>(query)).rows;
    } catch (error) {
      if (error instanceof Error && error.message === "Query read timeout") {
        this.destroy();
        throw new QueryTimeout(statement.slice(0, 40), deadlineMs);
      }
      throw error;
    }
  }

  /** A prepared statement costs about 45 us of CPU in pg, and 20 us here: this code reads only the rows. */
  async #execute(statement: Statement, bound: Buffer, deadlineMs: number): Promise<Row[]> {
    const { parsedStatements } = this.#client.connection as unknown as {
      parsedStatements: Readonly<Record<string, string>>;
    };
    const isParsed = Object.hasOwn(parsedStatements, statement.name);
    const query = new LeanQuery(statement, isParsed ? bound : Buffer.concat([serialize.parse(statement), bound]));
    const timer = setTimeout(() => {
      query.handleError(new QueryTimeout(statement.name, deadlineMs));
      this.destroy();
    }, deadlineMs);
    this.#client.query(query);
    try {
      return await query.rows;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the session properly; cuts the socket if that takes more than a second. */
  async close(): Promise<void> {
    if (this.#lost) return;
    const cut = setTimeout(() => this.destroy(), 1_000);
    await this.#client.end().catch(() => {});
    clearTimeout(cut);
    this.#lost = true;
  }

  /** Cuts the socket without ending the session. */
  destroy(): void {
    this.#lost = true;
    this.#client.connection.stream.destroy();
  }
}

/** The last bytes of statements that are sent repeatedly. */
const lastBound = new WeakMap<Statement, { readonly values: readonly unknown[]; readonly bytes: Buffer }>();

function bindBytes(statement: Statement, values: readonly unknown[]): Buffer {
  const last = lastBound.get(statement);
  if (last && values.every((value, index) => value === last.values[index])) return last.bytes;
  const bind = serialize.bind({ statement: statement.name, values: values.map(textOf) });
  const bytes = Buffer.concat([bind, serialize.execute(), serialize.sync()]);
  if (statement.isRepeated) lastBound.set(statement, { values, bytes });
  return bytes;
}

/** A value in PostgreSQL's text form; arrays may hold what the scalars may. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? `{${value.map(elementOf).join(",")}}` : String(value);
}

const SPECIAL = /[\\"]/;

function elementOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value !== "string") return String(value);
  return `"${SPECIAL.test(value) ? value.replace(/[\\"]/g, "\\$&") : value}"`;
}

/** Sends ready bytes and collects rows: the minimum of a query in pg. pg remembers by `name` that a statement is parsed. */
class LeanQuery implements pg.Submittable {
  readonly name: string;
  readonly text: string;
  readonly rows: Promise<Row[]>;
  readonly #received: Row[] = [];
  readonly #done: (rows: Row[]) => void;
  readonly handleError: (error: Error) => void;

  constructor(
    statement: Statement,
    readonly bytes: Buffer,
  ) {
    this.name = statement.name;
    this.text = statement.text;
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>();
    this.rows = promise;
    this.#done = resolve;
    this.handleError = reject;
  }

  submit(connection: pg.Connection): void {
    connection.stream.write(this.bytes);
  }

  handleDataRow(message: { readonly fields: Row }): void {
    this.#received.push(message.fields);
  }

  handleReadyForQuery(): void {
    this.#done(this.#received);
  }

  handleRowDescription(): void {}
  handleCommandComplete(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}

interface SaslRequest {
  readonly mechanisms: readonly string[];
}

/**
 * Ends the connection to a server that asks for the password in a way in which it, or somebody in between, could use it elsewhere. Must
 * be called once pg listens to the connection, and before the server answers.
 */
function refuseToTell({ connection }: pg.Client, { channelBinding, tls }: DatabaseConfig): void {
  const isBound = channelBinding === "require";
  let isProven = false;
  const refuse = (why: string): void => {
    connection.emit("error", new PasswordNotTold(why));
    connection.stream.destroy();
  };
  if (isBound || tls.mode !== "verify-full") {
    connection.removeAllListeners("authenticationCleartextPassword");
    connection.on("authenticationCleartextPassword", () => refuse("in clear text"));
  }
  if (!isBound) return;
  connection.removeAllListeners("authenticationMD5Password");
  connection.on("authenticationMD5Password", () => refuse("as an MD5 hash"));
  const [answer] = connection.listeners("authenticationSASL");
  connection.removeAllListeners("authenticationSASL");
  connection.on("authenticationSASL", (request: SaslRequest) => {
    if (!request.mechanisms.includes("SCRAM-SHA-256-PLUS")) refuse("without channel binding");
    else answer?.(request);
  });
  // pg checks the server's proof in this message, and emits an error if it is wrong.
  connection.on("authenticationSASLFinal", () => {
    isProven = true;
  });
  connection.on("authenticationOk", () => {
    if (!isProven) refuse("not at all");
  });
}

/** The server is not the one that was meant, or its pg_hba.conf asks for another kind of login. */
export class PasswordNotTold extends Error {
  override readonly name = "PasswordNotTold";

  constructor(how: string) {
    super(`the server asks for the password ${how}, which this connection does not allow`);
  }
}

/** Values stay text: the callers know their columns and parse them. */
const RAW_TYPES = { getTypeParser: () => (value: unknown) => value } as unknown as pg.CustomTypesConfig;

function tlsOptions(tls: TlsMode): pg.ClientConfig["ssl"] {
  if (tls.mode === "disable") return false;
  if (tls.mode === "require") return { rejectUnauthorized: false };
  return tls.caFile === undefined ? true : { rejectUnauthorized: true, ca: readFileSync(tls.caFile, "utf8") };
}
