import russianSummaries from "./summaries-ru.json";
import plainEnglish from "./words-en.json";
import plainRussian from "./words-ru.json";

export type Language = "en" | "ru";

const englishCities = (count: number): string => (count === 1 ? "1 city" : `${count} cities`);

/** Every text of the page. `data-word` in index.html names the plain ones, which are in words-en.json and words-ru.json. */
const english = {
  ...plainEnglish,
  failedWithValues: (time: string) => `The API is unavailable just now. These are the values of ${time}.`,
  updated: (time: string) => `Updated at ${time}`,
  stale: (age: string) => `Shown from memory, ${age} old: the database is unavailable.`,
  age: (seconds: number) => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
  lead: (coldest: string, coldestCity: string, warmest: string, warmestCity: string, cities: number) =>
    `From ${coldest} in ${coldestCity} to ${warmest} in ${warmestCity} right now, across ${englishCities(cities)}.`,
  leadAllAlike: (degrees: string, cities: number) => `${degrees} right now, across ${englishCities(cities)}.`,
  leadNotCurrent: (cities: number) =>
    `There are no values for today: ${englishCities(cities)} with the dates nearest to it.`,
  shown: (shown: number, all: number) => (shown === all ? englishCities(all) : `${shown} of ${englishCities(all)}`),
  span: (lowest: string, lowestWhen: string, highest: string, highestWhen: string) =>
    lowest === highest ? `${lowest} throughout.` : `From ${lowest} (${lowestWhen}) to ${highest} (${highestWhen}).`,
  leftOut: (count: number) =>
    count === 1 ? "1 value with a date far off is not shown." : `${count} values with dates far off are not shown.`,
  ringMean: (degrees: string) => `${degrees} on average`,
  summary: (stored: string) => stored,
};

export type Words = typeof english;

const russianPlurals = new Intl.PluralRules("ru-RU");

function russianCount(count: number, one: string, few: string, many: string): string {
  const form = russianPlurals.select(count);
  return `${count} ${form === "one" ? one : form === "few" ? few : many}`;
}

const russianCities = (count: number): string => russianCount(count, "город", "города", "городов");

/** The summaries that the original service and the sample data use. Others are shown as they are stored. */
const RUSSIAN_SUMMARIES = new Map(Object.entries(russianSummaries));

const russian: Words = {
  ...plainRussian,
  failedWithValues: (time) => `API сейчас недоступен. Показаны значения на ${time}.`,
  updated: (time) => `Обновлено в ${time}`,
  stale: (age) => `Показано из памяти, возраст ${age}: база данных недоступна.`,
  age: (seconds) => (seconds < 120 ? `${seconds} с` : `${Math.round(seconds / 60)} мин`),
  lead: (coldest, coldestCity, warmest, warmestCity, cities) =>
    `Сейчас от ${coldest} (${coldestCity}) до ${warmest} (${warmestCity}), всего ${russianCities(cities)}.`,
  leadAllAlike: (degrees, cities) => `Сейчас ${degrees}, всего ${russianCities(cities)}.`,
  leadNotCurrent: (cities) => `На сегодня значений нет: ${russianCities(cities)} с ближайшими датами.`,
  shown: (shown, all) => (shown === all ? russianCities(all) : `${shown} из ${all}`),
  span: (lowest, lowestWhen, highest, highestWhen) =>
    lowest === highest ? `Всё время ${lowest}.` : `От ${lowest} (${lowestWhen}) до ${highest} (${highestWhen}).`,
  leftOut: (count) => `Не показано: ${russianCount(count, "значение", "значения", "значений")} с далёкими датами.`,
  ringMean: (degrees) => `${degrees} в среднем`,
  summary: (stored) => RUSSIAN_SUMMARIES.get(stored.trim().toLowerCase()) ?? stored,
};

export const WORDS: Readonly<Record<Language, Words>> = { en: english, ru: russian };
