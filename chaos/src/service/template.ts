import type { HttpRequest } from "../http/connection.ts";
import type { ServiceRequest } from "./service.ts";

/** What `{name}` becomes. */
export type Variables = Readonly<Record<string, string | number>>;

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Replaces `{name}` where the name is known; other braces stay. */
export function fill(text: string, variables: Variables, encode = (value: string): string => value): string {
  return text.replace(/\{([a-z]\w*)\}/gi, (whole, name: string) => {
    const value = variables[name];
    return value === undefined ? whole : encode(String(value));
  });
}

/** A text that is one variable alone becomes its value, with its type. */
export function fillValue(value: Json, variables: Variables): Json {
  if (typeof value === "string") {
    const [, name] = /^\{([a-z]\w*)\}$/i.exec(value) ?? [];
    return (name === undefined ? undefined : variables[name]) ?? fill(value, variables);
  }
  if (Array.isArray(value)) return value.map((each: Json) => fillValue(each, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fillValue(each, variables)]));
}

export type FilledRequest = Pick<HttpRequest, "path" | "body" | "headers">;

/** @param basePath put before its path */
export function fillRequest(request: ServiceRequest, variables: Variables, basePath: string): FilledRequest {
  const { path, headers = {}, json, form } = request;
  const filled = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), fill(value, variables)] as const);
  const body = bodyOf(request, variables);
  const type = form ? "application/x-www-form-urlencoded" : "application/json";
  return {
    path: basePath + fill(path, variables, encodeURIComponent),
    headers: { ...(body === undefined ? {} : { "content-type": type }), ...Object.fromEntries(filled) },
    ...(body === undefined ? {} : { body }),
  };

  function bodyOf({ body }: ServiceRequest, known: Variables): string | undefined {
    if (json !== undefined) return JSON.stringify(fillValue(json as Json, known));
    if (form === undefined) return body === undefined ? undefined : fill(body, known);
    return new URLSearchParams(Object.entries(form).map(([name, value]) => [name, fill(value, known)])).toString();
  }
}

/** The values at a place (`data.items[].id`) of an answer's JSON; none where there is no such place. */
export function valuesAt(json: unknown, place: string): unknown[] {
  const steps = place.replaceAll("[]", ".[]").split(".").filter(Boolean);
  return steps.reduce<unknown[]>(
    (found, step) =>
      found.flatMap((value): unknown[] => {
        if (step === "[]") return Array.isArray(value) ? value : [];
        const record = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
        return Object.hasOwn(record, step) ? [record[step]] : [];
      }),
    [json],
  );
}

/** In what JSON differs from what it must show, by its places; undefined: in nothing. */
export function differences(
  json: unknown,
  shows: Readonly<Record<string, string | number | boolean | null>> = {},
  variables: Variables = {},
): string | undefined {
  const wrong = Object.entries(shows).flatMap(([place, template]) => {
    const expected = fillValue(template, variables);
    const found = valuesAt(json, place);
    // An id may be a number here and a text there.
    if (found.some((value) => value === expected || (typeof value !== "object" && String(value) === String(expected))))
      return [];
    return [`${place} ${JSON.stringify(found[0]) ?? "is missing"} instead of ${JSON.stringify(expected)}`];
  });
  return wrong.length === 0 ? undefined : wrong.join(", ");
}
