import { CommandError, type RunDeps } from "@goldenring/run-kit";
import type { ApiSize } from "../record/record.ts";
import type { LoadTarget, StandParts } from "../run/run.ts";
import type { DatabasePlace } from "../seed/database.ts";
import { parseTarget } from "../service/weather-api.ts";
import type { OptionValues, TARGET } from "./option-table.ts";

export interface LoadDeps extends RunDeps {
  readonly stand?: () => Promise<StandUnderLoad | undefined>;
}

export interface StandUnderLoad extends StandParts {
  /** URL of its ingress, as this computer reaches it: the default target. */
  readonly target: string;
  /** Names and addresses of its machines: they may be loaded without further permission. */
  readonly hosts: readonly string[];
  readonly database?: () => Promise<DatabasePlace>;
  /** Gives the API another size while it serves; undefined where that is for a person to do. */
  readonly resize?: ((size: ApiSize, signal: AbortSignal) => Promise<void>) | undefined;
}

export type TargetOptions = OptionValues<typeof TARGET>;

/** The service that is named, or the running stand's ingress; the stand's machines are measured only where it is loaded. @throws {CommandError} (usage) */
export async function loadTargetOf(options: TargetOptions, deps: LoadDeps): Promise<LoadTarget> {
  const stand = await deps.stand?.();
  const url = options.target ?? stand?.target;
  if (url === undefined) throw new CommandError("No target: use --target URL, or start the stand: ring up", "usage");
  const target = parseTarget(url);
  const permission = { inventoryHosts: stand?.hosts ?? [], isOwnTarget: options.iOwnThisTarget === true };
  const isStand =
    target.origin === (stand && parseTarget(stand.target).origin) || stand?.hosts.includes(target.hostname);
  if (stand === undefined || !isStand) return { target, permission };
  // A target that is named is asked as it is named.
  const inside = options.target === undefined ? stand.inside : undefined;
  return { target, permission, inside, machines: stand.machines, size: stand.size };
}
