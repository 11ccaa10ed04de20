import { CommandError } from "@goldenring/run-kit";
import type { RunRequest } from "../run/run.ts";
import { parseTarget } from "../service/weather-api.ts";
import type { LoadDeps, StandUnderLoad } from "./deps.ts";

export interface TargetOptions {
  readonly target?: string;
  readonly isOwnTarget: boolean;
}

/** What a run must know about its target. */
export type TargetOfRun = Pick<RunRequest, "target" | "permission" | "inside" | "standResources" | "watched">;

/**
 * The service that is named, or the ingress of the stand that is up. The stand's parts are measured only where it is what is loaded.
 *
 * @throws {CommandError} (usage) where there is neither
 */
export async function targetOfRun({ target: named, isOwnTarget }: TargetOptions, deps: LoadDeps): Promise<TargetOfRun> {
  const stand = await deps.stand?.();
  const url = named ?? stand?.target;
  if (url === undefined) {
    throw new CommandError("Which service? Say --target URL, or bring the stand up.", "usage");
  }
  const target = parseTarget(url);
  const permission = { inventoryHosts: stand?.hosts ?? [], isOwnTarget };
  if (stand === undefined || !leadsTo(stand, target)) return { target, permission };
  return {
    target,
    permission,
    // A target that is named is asked as it is named.
    ...(named === undefined && stand.inside !== undefined ? { inside: stand.inside } : {}),
    ...(stand.parts === undefined ? {} : { standResources: stand.parts }),
    ...(stand.machines === undefined ? {} : { watched: stand.machines }),
  };
}

function leadsTo({ target, hosts }: StandUnderLoad, { origin, hostname }: URL): boolean {
  return origin === parseTarget(target).origin || hosts.includes(hostname);
}
