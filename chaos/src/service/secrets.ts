import { readFileSync } from "node:fs";
import { CommandError } from "@goldenring/run-kit";
import { messageOf } from "@goldenring/stand";
import type { Service } from "./service.ts";

const REFERENCE = /\$\{(?:file:([^}]+)|([A-Za-z_]\w*))\}/g;

/** Names of the environment variables that a service file takes values from. */
export function variablesOf(service: Service): string[] {
  const found = JSON.stringify(service).matchAll(REFERENCE);
  return [...new Set([...found].flatMap(([, , name]) => name ?? []))];
}

/** Only these go on to the programs that send requests: what programs get is otherwise free of a user's secrets. @throws {CommandError} (usage) */
export function secretEnvironment(service: Service): Record<string, string> {
  return Object.fromEntries(variablesOf(service).map((name) => [name, variable(name)]));
}

function variable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new CommandError(`The service file takes a value from the environment variable ${name}: set it.`, "usage");
}

/** A service with its secrets, in the process that sends requests and nowhere else. @throws {CommandError} (usage) */
export function withSecrets(service: Service) {
  const values = new Set<string>();
  const resolve = (value: unknown): unknown => {
    if (typeof value === "string")
      return value.replace(REFERENCE, (_, file: string | undefined, name: string | undefined) => {
        const secret = file === undefined ? variable(name ?? "") : contentOf(file);
        values.add(secret);
        return secret;
      });
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolve(each)]));
  };
  return { service: resolve(service) as Service, hide: hiderOf(values) };
}

/** Replaces secrets in texts that are kept or shown: a service may send back what it got. `add` takes those that came later, such as a token. */
export type Hider = ReturnType<typeof hiderOf>;

function hiderOf(values: Set<string>) {
  const forms = (value: string): string[] => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
  return {
    add: (value: string): void => void values.add(value),
    in: (text: string): string =>
      [...values]
        .filter(({ length }) => length >= 4)
        .sort((one, other) => other.length - one.length)
        .flatMap(forms)
        .reduce((rest, secret) => rest.replaceAll(secret, "***"), text),
  };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new CommandError(`The service file takes a value from ${file}: ${messageOf(error)}`, "usage");
  }
}
