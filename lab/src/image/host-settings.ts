import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { runProgram } from "@goldenring/stand";
import { A_MINUTE } from "../task.ts";

/** Where the image's packages come from, and which of the computer's settings are needed to get them. */
export interface PackageSources {
  readonly mirror: string;
  readonly securityMirror: string;
  /** Files for the build only: name to content. */
  readonly files: Readonly<Record<string, string>>;
}

const MIRROR = "http://deb.debian.org/debian";
const SECURITY_MIRROR = "http://deb.debian.org/debian-security";

export async function findPackageSources(): Promise<PackageSources> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const settings = await runProgram(["apt-config", "dump"], A_MINUTE);
  const { PIP_CERT, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, PIP_CONFIG_FILE } = process.env;
  const authorities = [PIP_CERT, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, "/etc/ssl/certs/ca-certificates.crt"];
  const authority = await firstFile(authorities);
  const pipFiles = [".config/pip/pip.conf", ".pip/pip.conf"].map((file) => join(homedir(), file));
  const pip = await firstFile([PIP_CONFIG_FILE, ...pipFiles, "/etc/pip.conf"]);
  return {
    ...mirrorsOf(release, await aptTargets()),
    files: {
      "apt.conf": aptSettings(settings.stdout, authority !== undefined),
      ...(authority === undefined ? {} : { "ca.crt": authority }),
      ...(pip === undefined ? {} : { "pip.conf": pip }),
    },
  };
}

async function firstFile(candidates: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const file of candidates) {
    const text = file && file !== "/dev/null" ? await readFile(file, "utf8").catch(() => undefined) : undefined;
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * @param options of apt, for a test
 * @returns apt's sources, one line each: address, suite, component
 */
export async function aptTargets(options: readonly string[] = []): Promise<string> {
  const format = ["--no-release-info", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"];
  return (await runProgram(["apt-get", "indextargets", ...options, ...format], A_MINUTE)).stdout;
}

/**
 * The mirrors that a Debian computer uses itself, and Debian's own for any other.
 *
 * @param release /etc/os-release
 * @param targets see `aptTargets`
 */
export function mirrorsOf(release: string, targets: string): Pick<PackageSources, "mirror" | "securityMirror"> {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  const codename = value("VERSION_CODENAME");
  const addressOf = (suite: string): string | undefined =>
    value("ID") === "debian" ? new RegExp(`^(https?:\\S+) ${suite} main$`, "m").exec(targets)?.[1] : undefined;
  return {
    mirror: addressOf(codename) ?? MIRROR,
    securityMirror: addressOf(`${codename}-security`) ?? SECURITY_MIRROR,
  };
}

/** The part of apt's settings that leads to a mirror: proxies, addresses, certificates, tolerated dates. */
export function aptSettings(dump: string, hasAuthority: boolean): string {
  const kept = dump.split("\n").filter((line) => {
    if (/^Acquire::(Check-Valid-Until|Check-Date|ForceIPv[46]|Retries) /.test(line)) return true;
    return (
      /^Acquire::https?::/.test(line) && !/::(CaInfo|SslCert|SslKey|Proxy-Auto-Detect|ProxyAutoDetect) /i.test(line)
    );
  });
  return `${[...kept, ...(hasAuthority ? ['Acquire::https::CAInfo "/run/build/ca.crt";'] : [])].join("\n")}\n`;
}
