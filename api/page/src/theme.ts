import { storedChoice } from "./stored-choice.ts";

const choice = storedChoice("goldenring-theme", ["light", "dark"]);
const systemPrefersDark = matchMedia("(prefers-color-scheme: dark)");

/** The visitor's choice, or the system's. */
export function isDark(): boolean {
  return (choice.get() ?? (systemPrefersDark.matches ? "dark" : "light")) === "dark";
}

/** Sets the attribute that the style sheet uses. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

export function switchTheme(): void {
  choice.set(isDark() ? "light" : "dark");
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
