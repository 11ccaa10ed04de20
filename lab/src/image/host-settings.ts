import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../run.ts";

/** Where the image's packages come from, and what of the computer's own settings is needed to get them. */
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
  const lists = await run([
    "sh",
    "-c",
    "cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources",
  ]);
  const apt = await run(["apt-config", "dump"]);
  const authority = await firstFile([
    process.env.PIP_CERT,
    process.env.SSL_CERT_FILE,
    process.env.NODE_EXTRA_CA_CERTS,
    "/etc/ssl/certs/ca-certificates.crt",
  ]);
  const pip = await firstFile([
    process.env.PIP_CONFIG_FILE,
    join(homedir(), ".config/pip/pip.conf"),
    join(homedir(), ".pip/pip.conf"),
    "/etc/pip.conf",
  ]);
  return {
    ...mirrorsOf(release, lists.stdout),
    files: {
      "apt.conf": aptSettings(apt.stdout, authority !== undefined),
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
 * The mirrors a Debian computer uses itself, and Debian's own for any other.
 *
 * @param release /etc/os-release
 * @param lists apt's sources, in both forms (sources.list(5)): lines and paragraphs
 */
export function mirrorsOf(
  release: string,
  lists: string,
): { readonly mirror: string; readonly securityMirror: string } {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  const codename = value("VERSION_CODENAME");
  const found = value("ID") === "debian" ? sourcesOf(lists) : [];
  const uriOf = (suite: string): string | undefined =>
    found.find(({ suites, components }) => suites.includes(suite) && components.includes("main"))?.uri;
  return { mirror: uriOf(codename) ?? MIRROR, securityMirror: uriOf(`${codename}-security`) ?? SECURITY_MIRROR };
}

interface Source {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

function sourcesOf(lists: string): readonly Source[] {
  const fromLines = lists.split("\n").flatMap((line) => {
    const [, uri, suite, components] = /^deb\s+(?:\[[^\]]*\]\s+)?(https?:\S+)\s+(\S+)\s+(.+)$/.exec(line.trim()) ?? [];
    return uri && suite && components ? [{ uri, suites: [suite], components: words(components) }] : [];
  });
  const fromParagraphs = lists.split(/\n\s*\n|(?=^Types:)/m).flatMap((paragraph) => {
    const field = (name: string): string => new RegExp(`^${name}:(.*)$`, "mi").exec(paragraph)?.[1] ?? "";
    const uri = words(field("URIs")).find((each) => each.startsWith("http"));
    if (uri === undefined || !words(field("Types")).includes("deb") || /^no$/i.test(field("Enabled").trim())) return [];
    return [{ uri, suites: words(field("Suites")), components: words(field("Components")) }];
  });
  return [...fromLines, ...fromParagraphs];
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

/** How the computer's own apt gets through to a mirror: proxies, addresses, certificates, tolerated dates; nothing else of its settings. */
export function aptSettings(dump: string, hasAuthority: boolean): string {
  const kept = dump.split("\n").filter((line) => {
    if (/^Acquire::(Check-Valid-Until|Check-Date|ForceIPv[46]|Retries) /.test(line)) return true;
    return (
      /^Acquire::https?::/.test(line) && !/::(CaInfo|SslCert|SslKey|Proxy-Auto-Detect|ProxyAutoDetect) /i.test(line)
    );
  });
  return `${[...kept, ...(hasAuthority ? ['Acquire::https::CAInfo "/run/build/ca.crt";'] : [])].join("\n")}\n`;
}
