import { CommandError } from "@goldenring/run-kit";
import { parseJson, shellWords } from "@goldenring/stand";
import { proposalText, variableName } from "./propose.ts";

/** Options of curl that take a value, by what becomes of it. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  ...{ "-X": "method", "--request": "method", "-H": "header", "--header": "header", "-u": "user", "--user": "user" },
  ...{
    "-d": "data",
    "--data": "data",
    "--data-raw": "data",
    "--data-binary": "data",
    "--json": "json",
    "--data-urlencode": "data",
  },
  ...{
    "--cacert": "ca",
    "-E": "cert",
    "--cert": "cert",
    "--key": "key",
    "--url": "url",
    "-b": "cookie",
    "--cookie": "cookie",
  },
  ...{
    "-o": "",
    "--output": "",
    "-m": "",
    "--max-time": "",
    "-A": "",
    "--user-agent": "",
    "-w": "",
    "--connect-timeout": "",
  },
};

/** @throws {CommandError} (usage) on what is no command line of curl, or has no URL */
function partsOf(line: string) {
  const [program, ...words] = shellWords(
    line
      .trim()
      .replaceAll(/\\\r?\n/g, " ")
      .replaceAll("$'", "'"),
  );
  const values: Record<string, string[]> = {};
  const put = (name: string, value: string): void => {
    values[name] = [...(values[name] ?? []), value];
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, short = "", glued = ""] = /^(-[XHud])(.+)$/.exec(word) ?? [];
    const [option = "", assigned] =
      word.startsWith("--") && word.includes("=") ? [word.split("=")[0], word.slice(word.indexOf("=") + 1)] : [word];
    if (short !== "" && WITH_VALUE[short]) put(WITH_VALUE[short] ?? "", glued);
    else if (option in WITH_VALUE) put(WITH_VALUE[option] ?? "", assigned ?? words.shift() ?? "");
    else if (!word.startsWith("-")) put("url", word);
  }
  const url = URL.parse(values.url?.[0] ?? "") ?? URL.parse(`http://${values.url?.[0]}`);
  if (program !== "curl" || url === null)
    throw new CommandError("--from-curl takes a command line: 'curl -X POST http://... '", "usage");
  return { values, url };
}

const SECRET_HEADER = /authorization|cookie|token|secret|key|password|session/i;
const LEFT_OUT = /^(?:content-length|host|user-agent|accept-encoding|connection|origin|referer|sec-.*)$/i;

/** A service file from one request that writes, as a browser's developer tools copy it. Its secrets are not kept. */
export function proposeFromCurl(line: string): { readonly name: string; readonly text: string } {
  const { values, url } = partsOf(line);
  const title = url.hostname.replaceAll(".", "-");
  const marks: { path: (string | number)[]; text: string }[] = [];
  const headers: Record<string, string> = {};
  for (const header of [...(values.header ?? []), ...(values.cookie ?? []).map((cookie) => `Cookie: ${cookie}`)]) {
    const name = header.split(":")[0]?.trim() ?? "";
    const value = header.slice(header.indexOf(":") + 1).trim();
    if (name === "" || LEFT_OUT.test(name) || /^content-type$/i.test(name)) continue;
    const [, scheme = ""] = /^(Bearer |Token |Basic )/i.exec(value) ?? [];
    const isSecret = SECRET_HEADER.test(name);
    headers[name] = isSecret ? `${scheme}\${${variableName(title, "TOKEN")}}` : value;
    if (isSecret)
      marks.push({ path: ["headers", name], text: "set this environment variable; the value is not kept here" });
  }
  const [user] = values.user ?? [];
  const basic =
    user === undefined
      ? {}
      : { basic: { user: user.split(":")[0] ?? "", password: `\${${variableName(title, "PASSWORD")}}` } };
  if (user !== undefined)
    marks.push({ path: ["basic", "password"], text: "set this environment variable; the value is not kept here" });
  const tls = { ca: values.ca?.[0], certificate: values.cert?.[0], key: values.key?.[0] };
  const service: Record<string, unknown> = {
    target: url.origin,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...basic,
    ...(Object.values(tls).some(Boolean) && {
      tls: Object.fromEntries(Object.entries(tls).filter(([, file]) => file)),
    }),
  };
  const path = url.pathname + url.search;
  const data = values.json?.[0] ?? values.data?.join("&");
  const method = values.method?.[0]?.toUpperCase() ?? (data === undefined ? "GET" : "POST");
  if (method === "GET" || data === undefined) {
    Object.assign(service, { reads: [{ path }], writes: [] });
    marks.push({ path: ["writes"], text: "give a request that writes: this one only reads" });
  } else {
    const body = bodyWithValue(data, marks);
    service.reads = [{ path, lists: true }];
    service.writes = [
      {
        ...(method !== "POST" && { method }),
        path,
        ...body,
        id: "id",
        item: { path: `${url.pathname.replace(/\/$/, "")}/{id}` },
      },
    ];
    marks.push(
      {
        path: ["reads", 0, "path"],
        text: "a read that shows everything; if it has pages, say how they follow ({page}, {offset}, or next)",
      },
      { path: ["writes", 0, "id"], text: "where the answer has the new id, such as data.id" },
      { path: ["writes", 0, "item", "path"], text: "how one thing is read by its id" },
    );
  }
  return { name: title, text: proposalText({ title: url.origin, service, marks }) };
}

/** The longest text becomes `{value}`. */
function bodyWithValue(data: string, marks: { path: (string | number)[]; text: string }[]): Record<string, unknown> {
  const json = parseJson(data);
  const isJson = typeof json === "object" && json !== null;
  const content = isJson ? (json as Record<string, unknown>) : Object.fromEntries(new URLSearchParams(data));
  const kind = isJson ? "json" : "form";
  const [longest] = Object.entries(content)
    .filter(([, value]) => typeof value === "string")
    .sort(([, one], [, other]) => String(other).length - String(one).length);
  if (longest)
    marks.push({ path: ["writes", 0, kind, longest[0]], text: "a field that takes any text and is shown again" });
  else marks.push({ path: ["writes", 0, kind], text: 'put "{value}" where the service takes any text' });
  return { [kind]: longest ? { ...content, [longest[0]]: "{value}" } : content };
}
