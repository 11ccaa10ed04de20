/** A browser may forbid localStorage; the page then forgets choices, and that is all. */
export function storedChoice(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function storeChoice(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Nothing is lost but the memory of the choice.
  }
}
