import { readFileSync } from "node:fs";
import { CommandError } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
import { type ClientTls, type Exchange, HttpConnection, type HttpRequest } from "../http/connection.ts";
import { type Hider, withSecrets } from "../service/secrets.ts";
import type { Service, ServiceRequest } from "../service/service.ts";
import { fill, fillRequest, type Variables } from "../service/template.ts";
import { answerOf } from "./answers.ts";

/** Several clients are refused at the same moment, and one login is enough for all. */
const RENEW_EVERY_MS = 2_000;
const LOGIN_DEADLINE_MS = 30_000;

/** How all requests reach a service: its base path, headers, logins and TLS. Has the secrets of its service file. */
export class Access {
  readonly service: Service;
  readonly hide: Hider;
  readonly #target: URL;
  readonly #tls: ClientTls;
  readonly #headers: Record<string, string> = {};
  #loggedInAt = Number.NEGATIVE_INFINITY;

  /** @throws {CommandError} (usage) where a secret or a file of TLS is missing */
  constructor(service: Service, target: URL) {
    ({ service: this.service, hide: this.hide } = withSecrets(service));
    this.#target = target;
    const { tls = {}, basic, headers = {} } = this.service;
    const [ca, cert, key] = [tls.ca, tls.certificate, tls.key].map(contentOf);
    this.#tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    for (const [name, value] of Object.entries(headers)) this.#headers[name.toLowerCase()] = value;
    if (basic === undefined) return;
    const login = Buffer.from(`${basic.user}:${basic.password}`).toString("base64");
    this.hide.add(login);
    this.#headers.authorization = `Basic ${login}`;
  }

  connection(): ServiceConnection {
    return new ServiceConnection(this, new HttpConnection(this.#target, this.#tls));
  }

  filled(request: ServiceRequest, variables: Variables): Pick<HttpRequest, "path" | "headers" | "body"> {
    const filled = fillRequest(request, variables, this.#target.pathname.replace(/\/$/, ""));
    return { ...filled, headers: { ...this.#headers, ...filled.headers } };
  }

  /** Does nothing where the service file has no `session`. @throws {CommandError} where it is refused */
  async logIn(): Promise<void> {
    const { session } = this.service;
    if (session === undefined) return;
    this.#loggedInAt = performance.now();
    const connection = this.connection();
    const exchange = await connection.send("POST", session, {}, LOGIN_DEADLINE_MS);
    connection.close();
    if (!exchange.answered) throw new CommandError(`${this.#target.href} does not answer: ${exchange.error}`);
    const cookies = exchange.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
    const [token] = session.token === undefined ? cookies : answerOf(exchange).at(session.token);
    if (exchange.status >= 400 || token === undefined)
      throw new CommandError(
        `The login ${session.path} answers ${exchange.status}${exchange.status >= 400 ? "" : ` and shows no ${session.token ?? "cookie"}`}: ${this.hide.in(exchange.body.toString().slice(0, 200))}`,
      );
    for (const each of session.token === undefined ? cookies : [String(token)]) {
      this.hide.add(each);
      this.hide.add(each.slice(each.indexOf("=") + 1));
    }
    const [name = "", ...rest] = session.header.split(":");
    if (session.token === undefined) this.#headers.cookie = cookies.join("; ");
    else this.#headers[name.toLowerCase()] = fill(rest.join(":").trim(), { token: String(token) });
  }

  /** After a refusal: the session may be over. What was refused is not sent again. */
  renew(): void {
    if (performance.now() - this.#loggedInAt > RENEW_EVERY_MS) void this.logIn().catch(() => {});
  }
}

/** One client's connection; see `HttpConnection`. */
export class ServiceConnection {
  constructor(
    private readonly access: Access,
    private readonly http: HttpConnection,
  ) {}

  async send(
    method: HttpRequest["method"],
    request: ServiceRequest,
    variables: Variables,
    deadlineMs: number,
  ): Promise<Exchange> {
    const exchange = await this.http.request({ method, ...this.access.filled(request, variables), deadlineMs });
    if (exchange.answered && exchange.status === 401) this.access.renew();
    return exchange;
  }

  close(): void {
    this.http.close();
  }
}

function contentOf(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${messageOf(error)}`, "usage");
  }
}
