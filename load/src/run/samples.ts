/**
 * k6's samples as its CSV output writes them to standard output: a header, then a row for each sample of each metric. Most rows are of no
 * use here and are passed over by their first letters: k6 writes ten for each request.
 */

export type Sample =
  | {
      readonly kind: "answer";
      readonly at: number;
      readonly ms: number;
      readonly route: string;
      readonly failed: boolean;
    }
  | { readonly kind: "check"; readonly at: number; readonly isRight: boolean }
  | { readonly kind: "users"; readonly at: number; readonly users: number }
  | { readonly kind: "bytes"; readonly received: number; readonly sent: number };

/** Metrics that are read; their rows begin so. */
const PREFIXES = ["http_req_duration,", "checks,", "vus,", "data_received,", "data_sent,"] as const;

/** Understands the text in whatever pieces it comes. */
export class SampleReader {
  #rest = "";
  #columns: { readonly name: number; readonly status: number } | undefined;

  constructor(private readonly onSample: (sample: Sample) => void) {}

  /** @throws where the header is not that of k6's CSV */
  push(text: string): void {
    const all = this.#rest + text;
    let from = 0;
    for (let end = all.indexOf("\n"); end >= 0; end = all.indexOf("\n", from)) {
      this.#line(all, from, end);
      from = end + 1;
    }
    this.#rest = all.slice(from);
  }

  #line(text: string, from: number, end: number): void {
    if (this.#columns === undefined) {
      this.#columns = columnsOf(text.slice(from, end));
      return;
    }
    const prefix = PREFIXES.find((each) => text.startsWith(each, from));
    if (prefix === undefined) return;
    const fields = text.slice(from, end).split(",");
    const at = Number(fields[1]);
    const value = Number(fields[2]);
    if (!Number.isFinite(at) || !Number.isFinite(value)) return;
    if (prefix === "http_req_duration,") {
      const status = Number(fields[this.#columns.status]);
      const route = fields[this.#columns.name] ?? "";
      this.onSample({ kind: "answer", at, ms: value, route, failed: !(status >= 200 && status < 300) });
    } else if (prefix === "checks,") this.onSample({ kind: "check", at, isRight: value !== 0 });
    else if (prefix === "vus,") this.onSample({ kind: "users", at, users: value });
    else if (prefix === "data_received,") this.onSample({ kind: "bytes", received: value, sent: 0 });
    else this.onSample({ kind: "bytes", received: 0, sent: value });
  }
}

function columnsOf(header: string): { name: number; status: number } {
  const columns = header.trim().split(",");
  const [name, status] = [columns.indexOf("name"), columns.indexOf("status")];
  const isKnown = columns.slice(0, 3).join() === "metric_name,timestamp,metric_value" && name > 0 && status > 0;
  if (!isKnown) throw new Error(`this is not what k6's CSV begins with: ${header.slice(0, 200)}`);
  return { name, status };
}
