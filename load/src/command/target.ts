import { LOAD_EXIT, LoadError } from "../run/exit.ts";
import type { RunRequest } from "../run/run.ts";
import { parseTarget } from "../target/weather-api.ts";
import type { LoadDeps, StandUnderLoad } from "./deps.ts";

export interface TargetOptions {
  readonly target?: string;
  readonly isOwnTarget: boolean;
}

/** What a run must know about its target. */
export type TargetOfRun = Pick<RunRequest, "target" | "permission" | "inside" | "standParts" | "watched">;

/**
 * The service that is named, or the ingress of the stand that is up. The stand's parts are measured only where it is what is loaded.
 *
 * @throws {LoadError} (usage) where there is neither
 */
export async function targetOfRun({ target: named, isOwnTarget }: TargetOptions, deps: LoadDeps): Promise<TargetOfRun> {
  const stand = await deps.stand?.();
  const url = named ?? stand?.target;
  if (url === undefined) {
    throw new LoadError("Which service? Say --target URL, or bring the stand up.", LOAD_EXIT.usage);
  }
  const target = parseTarget(url);
  const permission = { inventoryHosts: stand?.hosts ?? [], isOwnTarget };
  if (stand === undefined || !leadsTo(stand, target)) return { target, permission };
  return {
    target,
    permission,
    // A target that is named is asked as it is named.
    ...(named === undefined && stand.inside !== undefined ? { inside: stand.inside } : {}),
    ...(stand.parts === undefined ? {} : { standParts: stand.parts }),
    ...(stand.machines === undefined ? {} : { watched: stand.machines }),
  };
}

function leadsTo({ target, hosts }: StandUnderLoad, { origin, hostname }: URL): boolean {
  return origin === parseTarget(target).origin || hosts.includes(hostname);
}
