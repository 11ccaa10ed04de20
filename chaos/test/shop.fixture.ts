/** A service of the tests, behind a login: it keeps orders in memory, and breaks its word as it is told. */
export interface Faults {
  /** Acknowledges every so-many-th order, shows it, and forgets it a moment later. */
  readonly loses?: number;
  readonly doubles?: number;
  /** Acknowledges without storing. */
  readonly pretends?: number;
  /** Stores another amount than it was sent. */
  readonly changes?: number;
  /** Every read shows what was there so long ago. */
  readonly lateMs?: number;
  /** So long after the first login one request is refused with 401. */
  readonly endsSessionAfterMs?: number;
  /** Every so-many-th update is acknowledged, and not done. */
  readonly ignoresUpdates?: number;
}

interface Order {
  readonly id: number;
  readonly at: number;
  note: string;
  amount: number;
  notes: { readonly at: number; readonly note: string }[];
}

export const TOKEN = "s3cret-token-of-the-shop";
export const PASSWORD = "pa55-of-the-shop";
const PAGE = 50;

export class Shop {
  readonly orders: Order[] = [];
  readonly #server: ReturnType<typeof Bun.serve>;
  #ids = 0;
  #firstLogin: number | undefined;
  logins = 0;
  /** Orders and updates that were acknowledged. */
  acknowledged = 0;
  #written = 0;
  #updated = 0;

  constructor(
    private readonly faults: Faults = {},
    private readonly tls?: Bun.TLSOptions,
  ) {
    const fetch = (request: Request): Promise<Response> => this.#answer(request);
    this.#server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch, ...(tls && { tls }) });
  }

  get url(): string {
    return `${this.tls ? "https" : "http"}://127.0.0.1:${this.#server.port}`;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/login") {
      this.logins += 1;
      this.#firstLogin ??= Date.now();
      const { password } = (await request.json()) as { password?: string };
      return password === PASSWORD ? Response.json({ data: { token: TOKEN } }) : new Response(null, { status: 403 });
    }
    const { endsSessionAfterMs = Number.POSITIVE_INFINITY } = this.faults;
    const hasEnded = Date.now() - (this.#firstLogin ?? Date.now()) > endsSessionAfterMs;
    if (hasEnded) this.#firstLogin = Number.POSITIVE_INFINITY;
    if (hasEnded || request.headers.get("authorization") !== `Bearer ${TOKEN}`)
      return new Response(null, { status: 401 });
    if (url.pathname === "/health") return Response.json({ sent: request.headers.get("authorization") });
    const [, collection, id] = url.pathname.split("/");
    if (collection !== "orders") return new Response(null, { status: 404 });
    if (request.method === "POST") return this.#create(await bodyOf(request));
    const order = this.#shown().find((each) => each.id === Number(id));
    if (id === undefined) return this.#list(url.searchParams);
    if (order === undefined) return new Response(null, { status: 404 });
    if (request.method === "DELETE") this.orders.splice(this.orders.indexOf(order), 1);
    if (request.method === "PUT") this.#update(order, (await bodyOf(request)).note ?? "");
    return Response.json(this.#view(order));
  }

  #create({ note = "", amount = 0 }: Partial<Order>): Response {
    this.#written += 1;
    this.acknowledged += 1;
    const happens = (every: number | undefined): boolean => every !== undefined && this.#written % every === 0;
    const { loses, doubles, pretends, changes } = this.faults;
    const make = (): Order => {
      this.#ids += 1;
      const at = Date.now();
      return { id: this.#ids, at, note, amount: Number(amount), notes: [{ at, note }] };
    };
    const order = make();
    const answer = Response.json({ data: this.#view(order) }, { status: 201 });
    if (happens(pretends)) return answer;
    if (happens(changes)) order.amount += 1;
    this.orders.push(order);
    if (happens(doubles)) this.orders.push(make());
    if (happens(loses)) setTimeout(() => this.orders.splice(this.orders.indexOf(order), 1), 5);
    return answer;
  }

  #update(order: Order, note: string): void {
    this.#updated += 1;
    this.acknowledged += 1;
    const { ignoresUpdates } = this.faults;
    if (ignoresUpdates !== undefined && this.#updated % ignoresUpdates === 0) return;
    order.note = note;
    order.notes.push({ at: Date.now(), note });
  }

  #shown(): Order[] {
    const { lateMs = 0 } = this.faults;
    return this.orders.filter(({ at }) => at <= Date.now() - lateMs);
  }

  #view({ id, amount, notes, note }: Order) {
    const until = Date.now() - (this.faults.lateMs ?? 0);
    const shown = notes.findLast(({ at }) => at <= until)?.note ?? note;
    return { id, amount, note: shown, slug: shown };
  }

  #list(query: URLSearchParams): Response {
    const page = Number(query.get("page") ?? 1);
    const all = this.#shown().toReversed();
    return Response.json({
      total: all.length,
      items: all.slice((page - 1) * PAGE, page * PAGE).map((order) => this.#view(order)),
    });
  }
}

async function bodyOf(request: Request): Promise<Partial<Order>> {
  const isForm = request.headers.get("content-type") === "application/x-www-form-urlencoded";
  if (isForm) return Object.fromEntries(new URLSearchParams(await request.text())) as Partial<Order>;
  return (await request.json()) as Partial<Order>;
}
