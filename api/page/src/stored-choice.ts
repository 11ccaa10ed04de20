/** A choice of the visitor that the browser remembers. It may forbid localStorage; then the page only forgets it. */
export function storedChoice<Value extends string>(name: string, values: readonly Value[]) {
  return {
    get(): Value | undefined {
      try {
        const stored = localStorage.getItem(name);
        return values.find((value) => value === stored);
      } catch {
        return undefined;
      }
    },
    set(value: Value): void {
      try {
        localStorage.setItem(name, value);
      } catch {
        // Only the memory of the choice is lost.
      }
    },
  };
}
