import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type EncodingName, negotiateEncoding } from "./accept-encoding.ts";
import { etagMatches } from "./answer.ts";
import { methodNotAllowed, Problem } from "./problem.ts";

/** What the page's build tells the server about its files. */
export const MANIFEST_NAME = "manifest.json";

export interface StoredFile {
  /** Name of the file in the build's folder. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface StaticFile {
  /** Path in lower case, as requests name it. */
  readonly path: string;
  /** Content-Type. */
  readonly type: string;
  /** Of the content: makes the ETag. */
  readonly hash: string;
  /** "forever" when the path itself changes with the content. */
  readonly caching: "forever" | "revalidate";
  /** Ready files by encoding; compressed ones only where that saves something. */
  readonly stored: { readonly identity: StoredFile } & { readonly [encoding in EncodingName]?: StoredFile };
}

export interface Manifest {
  readonly files: readonly StaticFile[];
}

const REDIRECTS: ReadonlyMap<string, string> = new Map([
  ["/swagger", "/swagger/index.html"],
  ["/favicon.ico", "/favicon.svg"],
]);

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Swagger UI sets style attributes, and its style sheet has images as data URLs. */
const SWAGGER_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
  "img-src 'self'",
  "img-src 'self' data:",
);

const COMMON_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

/** Throws Problem 405, and 503 if the page is not built. */
export type StaticPages = (pathname: string, request: Request) => Response | undefined;

/** Paths that exist before the first build, and then answer that it is missing. */
const ENTRANCES = new Set(["/", "/swagger/index.html", "/favicon.svg"]);

/**
 * Answers for the page at `/`, Swagger UI and their assets; undefined for every other path. Paths match without regard to
 * case and with or without a slash at the end. Only paths in the build's manifest lead to files: no file name is made from
 * a request. Only the manifest stays in memory.
 *
 * @param folder the build's output. While it is missing, the page's paths answer 503 and explain how to build it.
 */
export function createStaticPages(folder: string): StaticPages {
  let files: ReadonlyMap<string, StaticFile> | undefined;
  /** Read at the first request that needs it, and again while it is missing. */
  const list = (): ReadonlyMap<string, StaticFile> => {
    files ??= listOf(join(folder, MANIFEST_NAME));
    return files ?? new Map();
  };
  const answerOf = (path: string, request: Request) => {
    const file = list().get(path);
    return file && answer(folder, file, request);
  };
  return (pathname, request) => {
    const lowerCase = pathname.toLowerCase();
    const path = lowerCase.length > 2 && lowerCase.endsWith("/") ? lowerCase.slice(0, -1) : lowerCase;
    const target = REDIRECTS.get(path);
    if (target === undefined && !ENTRANCES.has(path) && !list().has(path)) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed(request.method, "GET, HEAD");
    if (target !== undefined) {
      const headers = { ...COMMON_HEADERS, Location: target, "Cache-Control": "public, max-age=86400" };
      return new Response(null, { status: 302, headers });
    }
    const response = answerOf(path, request);
    if (response) return response;
    // A new build may have removed the file.
    files = undefined;
    const again = answerOf(path, request);
    if (again) return again;
    const how = "`npm start` builds it, and so does `bun api/page/build.ts`";
    throw new Problem(503, `the page is not built: ${how}; the API's other paths work without it`);
  };
}

function listOf(manifest: string): ReadonlyMap<string, StaticFile> | undefined {
  if (!existsSync(manifest)) return undefined;
  const { files } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
  return new Map(files.map((file) => [file.path, file]));
}

/** Undefined if the file is missing. */
function answer(folder: string, file: StaticFile, request: Request): Response | undefined {
  const accepted = negotiateEncoding(request.headers.get("accept-encoding"));
  const encoding = file.stored[accepted] === undefined ? "identity" : accepted;
  const stored = file.stored[encoding] ?? file.stored.identity;
  const etag = `"${file.hash}-${encoding}"`;
  const headers = headersOf(file, etag);
  if (etagMatches(request.headers.get("if-none-match") ?? "", etag))
    return new Response(null, { status: 304, headers });

  if (encoding !== "identity") headers.set("Content-Encoding", encoding);
  headers.set("Content-Type", file.type);
  headers.set("Content-Length", String(stored.size));
  if (request.method === "HEAD") return new Response(null, { headers });
  const path = join(folder, stored.name);
  return existsSync(path) ? new Response(Bun.file(path), { headers }) : undefined;
}

function headersOf(file: StaticFile, etag: string): Headers {
  const headers = new Headers(COMMON_HEADERS);
  headers.set("ETag", etag);
  headers.set("Cache-Control", file.caching === "forever" ? "public, max-age=31536000, immutable" : "no-cache");
  if (Object.keys(file.stored).length > 1) headers.set("Vary", "Accept-Encoding");
  headers.set("Content-Security-Policy", file.path.startsWith("/swagger") ? SWAGGER_POLICY : PAGE_POLICY);
  return headers;
}
