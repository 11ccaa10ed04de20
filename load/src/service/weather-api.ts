import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "@goldenring/run-kit";
import * as z from "zod";

const QUICK_MS = 5_000;
/** A service that takes over many new rows answers with the old ones meanwhile and says so; it is given this long, ms. */
const CATCHING_UP_MS = 20_000;
const AGAIN_MS = 500;
/** The whole weather may be tens of megabytes, from a replica with a quarter of a core. */
const PATIENT_MS = 60_000;

const CityBody = z.object({ id: z.int(), name: z.string() });
const WeatherBody = z.array(CityBody.extend({ forecast: z.array(z.object({ id: z.int() })) }));
export type WeatherCity = z.infer<typeof WeatherBody>[number];

/**
 * Of a URL only the origin and the folder count.
 *
 * @throws {CommandError} (usage)
 */
export function parseTarget(text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new CommandError(`"${text}" is no target: a URL such as http://127.0.0.1:8080 is expected`, "usage");
  }
  if (url.username !== "" || url.password !== "") {
    throw new CommandError("A target with a login in its URL cannot be used: it would stand in every record.", "usage");
  }
  url.search = "";
  url.hash = "";
  return url;
}

/** A service that should keep the Weather API's contract. */
export class WeatherApi {
  /** Without a slash at the end. */
  readonly base: string;

  constructor(target: URL) {
    this.base = target.href.replace(/\/+$/, "");
  }

  /**
   * All cities with the ids of their values; of a service that is behind its database, when it has caught up, or does not for long.
   *
   * @throws {CommandError} (targetDown, targetUnfit)
   */
  async weather(signal: AbortSignal): Promise<WeatherCity[]> {
    // First the small question, so that something else than a Weather API is told quickly.
    await this.#json("/Cities", z.array(CityBody), QUICK_MS, signal);
    const until = Date.now() + CATCHING_UP_MS;
    for (;;) {
      const { value, isStale } = await this.#json("/WeatherForecast", WeatherBody, PATIENT_MS, signal);
      if (!isStale || Date.now() > until) return value;
      await sleep(AGAIN_MS, undefined, { signal });
    }
  }

  /** Whether anybody answers at all, whatever the answer. */
  async isReachable(): Promise<boolean> {
    return fetch(`${this.base}/Cities/1`, { signal: AbortSignal.timeout(QUICK_MS), ...TLS }).then(
      async (answer) => {
        await answer.body?.cancel();
        return true;
      },
      () => false,
    );
  }

  /** What the service says about itself; empty where it says nothing. */
  async build(): Promise<Record<string, string>> {
    const metrics = await this.#text("/metrics");
    const labels = /^weather_build_info\{([^}]*)\}/m.exec(metrics)?.[1];
    if (labels !== undefined) {
      return Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
      );
    }
    const document = OpenApi.safeParse(jsonOf(await this.#text("/swagger/v1/swagger.json")));
    return document.success ? { title: document.data.info.title, version: document.data.info.version } : {};
  }

  async #text(path: string): Promise<string> {
    try {
      const answer = await fetch(this.base + path, { signal: AbortSignal.timeout(QUICK_MS), ...TLS });
      return answer.ok ? await answer.text() : "";
    } catch {
      return "";
    }
  }

  async #json<T>(path: string, form: z.ZodType<T>, deadlineMs: number, signal: AbortSignal): Promise<Said<T>> {
    const url = this.base + path;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    let answer: Response;
    let body: string;
    try {
      answer = await fetch(url, { signal: deadline, ...TLS });
      body = await answer.text();
    } catch (error) {
      signal.throwIfAborted();
      const why = deadline.aborted ? `no answer within ${deadlineMs / 1000} s` : reasonOf(error);
      throw new CommandError(`${url} does not answer: ${why}. Is the service up?`, "targetUnreachable");
    }
    if (answer.status !== 200) throw unfit(`${url} answers ${answer.status} instead of 200.`);
    const parsed = form.safeParse(jsonOf(body));
    if (parsed.success) return { value: parsed.data, isStale: isStale(answer) };
    throw unfit(`${url} does not answer as a Weather API does: ${z.prettifyError(parsed.error).split("\n")[0] ?? ""}`);
  }
}

/** Stands sign their own certificates; Bun's fetch takes this, Node's ignores it. */
const TLS: object = { tls: { rejectUnauthorized: false } };

interface Said<T> {
  readonly value: T;
  readonly isStale: boolean;
}

/** The service could not confirm its answer with the database, and says so. Source: RFC 9111, 5.5, as RFC 7234 had it. */
function isStale({ headers }: Response): boolean {
  return headers.get("warning")?.startsWith("110") === true;
}

const OpenApi = z.object({ info: z.object({ title: z.string(), version: z.string() }) });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error.message : `${error.message} (${code})`;
}

function unfit(message: string): CommandError {
  return new CommandError(message, "targetUnfit");
}
