import { storeChoice, storedChoice } from "./stored-choice.ts";

export type Theme = "light" | "dark";

const STORED_AS = "goldenring-theme";
const systemPrefersDark = matchMedia("(prefers-color-scheme: dark)");

function chosenTheme(): Theme | undefined {
  const chosen = storedChoice(STORED_AS);
  return chosen === "light" || chosen === "dark" ? chosen : undefined;
}

/** The visitor's choice, or the system's. */
export function currentTheme(): Theme {
  return chosenTheme() ?? (systemPrefersDark.matches ? "dark" : "light");
}

/** Sets the attribute that the style sheet uses. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = currentTheme();
}

export function switchTheme(): void {
  storeChoice(STORED_AS, currentTheme() === "dark" ? "light" : "dark");
  applyTheme();
}

/** Follows the system, and a choice made in another tab. */
export function onThemeChangedElsewhere(listener: () => void): void {
  const follow = (): void => {
    applyTheme();
    listener();
  };
  systemPrefersDark.addEventListener("change", follow);
  addEventListener("storage", follow);
}
