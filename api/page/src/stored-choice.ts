/** A browser may forbid localStorage; then the page only forgets choices. */
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
    // Only the memory of the choice is lost.
  }
}
