import { MARK } from "../undo/guard.ts";
import type { MachineFault } from "./fault.ts";

/** Longer than any fault lasts; its undo or its guard ends it, s. */
const AT_MOST_S = 3_600;

/**
 * A load by stress-ng as a transient service.
 *
 * @param before a shell line that sets what the arguments use
 */
export function stress(slot: string, argumentsOfStress: string, { before = ":", after = ":" } = {}): MachineFault {
  const unit = `${MARK}-${slot}-load`;
  // The first to go when memory gets short.
  const properties = `--property=RuntimeMaxSec=${AT_MOST_S} --property=OOMScoreAdjust=1000`;
  return {
    by: "machine",
    slot,
    // Whatever it is to do, stress-ng takes memory as large as the CPU's cache: half a gigabyte on some computers.
    inject: `${before}; systemd-run --quiet --collect --unit=${unit} ${properties} stress-ng --cache-size 64K ${argumentsOfStress} --timeout ${AT_MOST_S}s`,
    undo: `systemctl stop ${unit} 2>/dev/null; systemctl reset-failed ${unit} 2>/dev/null; ${after}`,
    gone: `! systemctl is-active --quiet ${unit}`,
  };
}
