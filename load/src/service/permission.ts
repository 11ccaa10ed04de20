import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { CommandError } from "@goldenring/run-kit";

/** Loopback, private and link-local networks, and those shared with a carrier. Sources: RFC 1122, 1918, 3927, 6598, 4193, 4291. */
const OWN_NETWORKS = new BlockList();
const OF_IPV4 = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"];
for (const subnet of [...OF_IPV4, "::1/128", "fc00::/7", "fe80::/10"]) {
  const [network = "", bits] = subnet.split("/");
  OWN_NETWORKS.addSubnet(network, Number(bits), OF_IPV4.includes(subnet) ? "ipv4" : "ipv6");
}

export interface Permission {
  /** Names and addresses of the stand's machines. */
  readonly inventoryHosts: readonly string[];
  /** The user owns the target. */
  readonly isOwnTarget: boolean;
}

/**
 * A load test of somebody else's service is an attack: what is not on this computer, in a private network or in the inventory needs
 * `--i-own-this-target`. @throws {CommandError} (usage; targetUnreachable where the name has no address)
 */
export async function requirePermission(target: URL, { inventoryHosts, isOwnTarget }: Permission): Promise<void> {
  // Brackets stand around an IPv6 address in a URL.
  const host = target.hostname.replace(/^\[|\]$/g, "");
  if (isOwnTarget || inventoryHosts.includes(host)) return;
  const addresses = await addressesOf(host);
  const foreign = addresses.find((address) => !isOwnNetwork(address));
  if (foreign === undefined) return;
  const at = foreign === host ? host : `${host} (${foreign})`;
  throw new CommandError(
    `${at} is not on this computer, in a private network or in the inventory. ` +
      "A load test of somebody else's service is an attack. If it is yours, add --i-own-this-target.",
    "usage",
  );
}

export function isOwnNetwork(address: string): boolean {
  // BlockList judges an IPv4 address written as IPv6, such as ::ffff:8.8.8.8, as IPv4.
  return OWN_NETWORKS.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    throw new CommandError(`The name ${host} has no address.`, "targetUnreachable");
  }
}
