import { dirname, resolve } from "node:path";
import { readOwnFile } from "../file/read-file.ts";
import { Service } from "./service.ts";

/** A service file: YAML, JSON, or a module. Paths of TLS are relative to it. @throws {CommandError} (usage) with every place that is wrong */
export async function readService(file: string): Promise<Service> {
  const service = await readOwnFile(file, "service file", Service);
  if (service.tls === undefined) return service;
  const files = Object.entries(service.tls).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, resolve(dirname(file), path)]],
  );
  return { ...service, tls: Object.fromEntries(files) };
}
