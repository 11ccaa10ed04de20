import { MOSCOW_ZONE } from "./calendar.ts";
import { setText } from "./element.ts";
import { isCyrillic, latinName } from "./latin-name.ts";
import { storedChoice } from "./stored-choice.ts";
import { type Language, WORDS, type Words } from "./words.ts";

const LOCALES: Readonly<Record<Language, string>> = { en: "en-GB", ru: "ru-RU" };
const choice = storedChoice<Language>("goldenring-language", ["en", "ru"]);

type Instant = (time: number) => string;

export type Dates = ReturnType<typeof datesOf>;

/** Formats milliseconds as dates and times of Moscow in the chosen language. */
function datesOf(language: Language) {
  const format = (options: Intl.DateTimeFormatOptions): Instant => {
    const formatter = new Intl.DateTimeFormat(LOCALES[language], { timeZone: MOSCOW_ZONE, ...options });
    return (time) => formatter.format(time);
  };
  const clock = { hour: "2-digit", minute: "2-digit" } as const;
  const date = { weekday: "short", day: "numeric", month: "short" } as const;
  const yearOf = format({ year: "numeric" });
  const momentThisYear = format({ ...date, ...clock });
  const momentOfAnyYear = format({ ...date, year: "numeric", ...clock });
  return {
    time: format(clock),
    weekday: format({ weekday: "short" }),
    dayOfMonth: format({ day: "numeric" }),
    day: format({ weekday: "long", day: "numeric", month: "long" }),
    moment: (time: number) => (yearOf(time) === yearOf(Date.now()) ? momentThisYear : momentOfAnyYear)(time),
  };
}

export interface Speech {
  readonly language: Language;
  readonly words: Words;
  readonly dates: Dates;
}

export const SPEECHES: Readonly<Record<Language, Speech>> = {
  en: { language: "en", words: WORDS.en, dates: datesOf("en") },
  ru: { language: "ru", words: WORDS.ru, dates: datesOf("ru") },
};

/** The visitor's earlier choice, or the browser's first language if the page has it, or English. */
export function initialLanguage(): Language {
  return choice.get() ?? (navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en");
}

export function rememberLanguage(language: Language): void {
  choice.set(language);
}

/** Larger figures are shortened: no weather has them, but the API takes any 32-bit number. */
const MAX_WRITTEN_OUT_DEGREES = 10_000;

/** "+5°", "−3°", "0°": with a real minus sign. */
export function degrees(temperature: number): string {
  if (Math.abs(temperature) < MAX_WRITTEN_OUT_DEGREES) return exactDegrees(temperature);
  return `${temperature > 0 ? "+" : "−"}${Math.abs(temperature).toExponential(1).replace("e+", "e")}°`;
}

export function exactDegrees(temperature: number): string {
  const rounded = Math.round(temperature);
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "";
  return `${sign}${Math.abs(rounded)}°`;
}

/** A city's name within a sentence of the given language. */
export function nameInProse(name: string, speech: Speech): string {
  if (name.trim() === "") return speech.words.unnamed;
  return speech.language === "ru" ? name : latinName(name);
}

/** Shows a stored name and marks its language, so that a screen reader pronounces it. */
export function showName(target: HTMLElement, name: string, speech: Speech): void {
  setText(target, name.trim() === "" ? speech.words.unnamed : name);
  if (name.trim() === "") target.removeAttribute("lang");
  else target.lang = isCyrillic(name) ? "ru" : "";
}

/** Shows the name in Latin letters below the Russian one, on the English page. */
export function showLatinName(target: HTMLElement, name: string, speech: Speech): void {
  const latin = speech.language === "en" && isCyrillic(name) ? latinName(name) : "";
  setText(target, latin);
  target.hidden = latin === "";
}
