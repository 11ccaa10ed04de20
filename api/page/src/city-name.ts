import { setText } from "./element.ts";
import type { Speech } from "./language.ts";
import { isCyrillic, latinName } from "./latin-name.ts";

/** Writes a stored name with the language it is in, so that a screen reader pronounces it. */
export function showName(target: HTMLElement, name: string, speech: Speech): void {
  setText(target, name.trim() === "" ? speech.words.unnamed : name);
  if (name.trim() === "") target.removeAttribute("lang");
  else target.lang = isCyrillic(name) ? "ru" : "";
}

/** The name in Latin letters below the Russian one, for those who read English. */
export function showLatinName(target: HTMLElement, name: string, speech: Speech): void {
  const latin = speech.language === "en" && isCyrillic(name) ? latinName(name) : "";
  setText(target, latin);
  target.hidden = latin === "";
}

/** A link to a city's view. */
export function cityHash(key: string): string {
  return `#city-${key}`;
}
