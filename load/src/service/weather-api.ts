import { CommandError } from "@goldenring/run-kit";
import { waitFor } from "@goldenring/stand";
import * as z from "zod";
import { parsed } from "../../k6/bodies.ts";
import type { VisitedCity } from "../../k6/plan.ts";
import type { TargetFacts } from "../record/record.ts";
import { type Scenario, VISITED_CITIES, VISITED_VALUES } from "../scenarios.ts";

const SHORT_DEADLINE_MS = 5_000;
/** The whole weather may be tens of megabytes, from a replica with a quarter of a core. */
const LONG_DEADLINE_MS = 60_000;
/** A service that takes over many new rows marks its answers as stale meanwhile; it is given this long. */
const CATCH_UP_MS = 20_000;
const RETRY_MS = 500;

const CityBody = z.object({ id: z.int(), name: z.string() });
const CityList = z.array(CityBody);
const Weather = z.array(CityBody.extend({ forecast: z.array(z.object({ id: z.int() })) }));
export type WeatherCity = z.infer<typeof Weather>[number];

const OpenApi = z.object({ info: z.object({ title: z.string(), version: z.string() }) });

/** Of a URL only the origin and the folder count. @throws {CommandError} (usage) */
export function parseTarget(text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new CommandError(`"${text}" is no target: a URL such as http://127.0.0.1:8080 is expected.`, "usage");
  }
  if (url.username !== "" || url.password !== "") {
    throw new CommandError("The URL of a target must not hold a login: every record would show it.", "usage");
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

  /** With the ids of their values. Waits a while for a service that is behind its database. @throws {CommandError} (targetUnreachable, targetUnfit) */
  async weather(signal: AbortSignal): Promise<WeatherCity[]> {
    // First the small request, so that something else than a Weather API is found quickly.
    await this.#json("/Cities", CityList, SHORT_DEADLINE_MS, signal);
    const catchUpUntil = Date.now() + CATCH_UP_MS;
    const attempt = async () => {
      const { value, isStale } = await this.#json("/WeatherForecast", Weather, LONG_DEADLINE_MS, signal);
      return isStale && Date.now() < catchUpUntil ? { missing: "a current answer" } : { value };
    };
    return waitFor(attempt, { deadlineMs: Number.POSITIVE_INFINITY, everyMs: RETRY_MS, signal });
  }

  /** Whether anything answers at all, whatever the answer. */
  async isReachable(): Promise<boolean> {
    return (await this.#text("/Cities/1")) !== undefined;
  }

  /** The build that the service reports; empty where it reports none. */
  async build(): Promise<Record<string, string>> {
    const metrics = await this.#text("/metrics");
    const labels = /^weather_build_info\{([^}]*)\}/m.exec(metrics ?? "")?.[1];
    if (labels !== undefined) {
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)];
      return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, value]));
    }
    return OpenApi.safeParse(parsed((await this.#text("/swagger/v1/swagger.json")) ?? "")).data?.info ?? {};
  }

  #fetch(path: string, signal: AbortSignal): Promise<Response> {
    // Stands sign their certificates; Bun's fetch takes this, Node's ignores it.
    const options: object = { signal, tls: { rejectUnauthorized: false } };
    return fetch(this.base + path, options);
  }

  /** Undefined without an answer. */
  async #text(path: string): Promise<string | undefined> {
    try {
      return await (await this.#fetch(path, AbortSignal.timeout(SHORT_DEADLINE_MS))).text();
    } catch {
      return undefined;
    }
  }

  async #json<T>(path: string, shape: z.ZodType<T>, deadlineMs: number, signal: AbortSignal) {
    const url = this.base + path;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    const { status, headers, body } = await this.#fetch(path, deadline)
      .then(async (answer) => ({ status: answer.status, headers: answer.headers, body: await answer.text() }))
      .catch((error: unknown) => {
        signal.throwIfAborted();
        const why = deadline.aborted ? `no answer within ${deadlineMs / 1000} s` : reasonOf(error);
        throw new CommandError(`${url} does not answer: ${why}. Is the service running?`, "targetUnreachable");
      });
    if (status !== 200) throw new CommandError(`${url} answers ${status} instead of 200.`, "targetUnfit");
    const found = shape.safeParse(parsed(body));
    // The service could not confirm its answer with the database. Source: RFC 9111, 5.5, as RFC 7234 had it.
    if (found.success) return { value: found.data, isStale: headers.get("warning")?.startsWith("110") === true };
    const what = z.prettifyError(found.error).split("\n")[0];
    throw new CommandError(`${url} does not answer as a Weather API does: ${what}`, "targetUnfit");
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error.message : `${error.message} (${code})`;
}

/** Checks the target before it gets any load; `visited` are the cities that visitors open. @throws {CommandError} (targetUnreachable, targetUnfit) */
export async function inspectTarget(api: WeatherApi, scenario: Scenario, signal: AbortSignal) {
  const cities = await api.weather(signal);
  const { name, needs } = scenario;
  const fit = cities.filter(({ forecast }) => forecast.length >= needs.valuesOfEachCity);
  if (fit.length < needs.cities) {
    const each = needs.valuesOfEachCity > 0 ? ` with at least ${needs.valuesOfEachCity} values each` : "";
    throw new CommandError(
      `${name} needs ${needs.cities} cities${each}; ${api.base} has ${cities.length} cities, ${fit.length} of them fit. ` +
        `Add the data: ring load seed base --target ${api.base}`,
      "targetUnfit",
    );
  }
  const values = cities.reduce((sum, { forecast }) => sum + forecast.length, 0);
  const facts: TargetFacts = { url: api.base, build: await api.build(), cities: cities.length, values };
  const visited: VisitedCity[] = fit
    .slice(0, VISITED_CITIES)
    .map(({ id, forecast }) => ({ id, values: forecast.slice(0, VISITED_VALUES).map((value) => value.id) }));
  return { facts, visited };
}
export type Inspection = Awaited<ReturnType<typeof inspectTarget>>;
