/** One user of the cache: the ready forms of one list in one encoding. */
export interface CacheUser {
  readonly heldBytes: number;
  /** When a request last needed the forms (performance.now()). */
  readonly usedAt: number;
  /** Gives all of them up: they are made again when they are needed. */
  drop(): void;
}

/** Forms that were used within this time are not given up for others, so that two long lists do not drive each other out. */
const IN_USE_MS = 2_000;

/**
 * What was made of the data to answer faster: compressed pieces, ready lists. It gives way: beyond the bound nothing more is
 * kept, and answers are made as they are sent.
 */
export class FormCache {
  readonly #users: CacheUser[] = [];

  /**
   * @param boundBytes how much may be kept now
   * @param onGarbage so many bytes are garbage: of forms that were given up or replaced, or of work on them
   */
  constructor(
    readonly boundBytes: () => number,
    readonly onGarbage: (bytes: number) => void = () => {},
  ) {}

  add(user: CacheUser): void {
    this.#users.push(user);
  }

  get bytes(): number {
    return this.#users.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** Whether `user` may keep so many more bytes. Forms that nobody has used for a while make room for it. */
  hasRoom(user: CacheUser, moreBytes: number): boolean {
    const bound = this.boundBytes();
    if (this.bytes + moreBytes <= bound) return true;
    const now = performance.now();
    for (const other of this.#byLastUse()) {
      if (other === user || now - other.usedAt < IN_USE_MS) continue;
      other.drop();
      if (this.bytes + moreBytes <= bound) return true;
    }
    return false;
  }

  /** Gives up what is over the bound, the least recently used first. */
  trim(): void {
    const bound = this.boundBytes();
    for (const user of this.#byLastUse()) {
      if (this.bytes <= bound) return;
      user.drop();
    }
  }

  #byLastUse(): CacheUser[] {
    return this.#users.filter(({ heldBytes }) => heldBytes > 0).sort((a, b) => a.usedAt - b.usedAt);
  }
}
