type Column =
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** A view that is `more` elements longer: over the same buffer if it has room, else over a larger copy. */
export function withRoom<T extends Column>(column: T, more: number): T {
  const length = column.length + more;
  const View = column.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => T;
  if (column.byteOffset === 0 && length * column.BYTES_PER_ELEMENT <= column.buffer.byteLength)
    return new View(column.buffer, 0, length);
  const capacity = Math.max(length, Math.ceil(column.length * 1.25), 16);
  const larger = new View(new ArrayBuffer(capacity * column.BYTES_PER_ELEMENT), 0, length);
  new Uint8Array(larger.buffer).set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  return larger;
}

/** Where rows of these lengths end when they are joined by single commas. */
export function endsOf(lengths: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const ends = new Uint32Array(lengths.length);
  let end = -1;
  for (let index = 0; index < lengths.length; index += 1) {
    end += 1 + (lengths[index] ?? 0);
    ends[index] = end;
  }
  return ends;
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
