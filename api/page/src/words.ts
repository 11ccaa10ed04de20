export type Language = "en" | "ru";

const englishCities = (count: number): string => (count === 1 ? "1 city" : `${count} cities`);

/** Every text of the page. `data-word` in index.html names the plain strings among them. */
const english = {
  documentTitle: "Goldenring: temperatures along the Golden Ring",
  skipLink: "Skip to the cities",
  heading: "How warm is the Golden Ring?",
  darkTheme: "Dark theme",
  otherLanguage: "Русский",
  citiesHeading: "Cities",
  searchLabel: "Find a city",
  orderLabel: "Order",
  orderAsListed: "As listed",
  orderWarmest: "Warmest now",
  orderColdest: "Coldest now",
  orderName: "By name",
  allCities: "Back to all cities",
  loading: "Fetching the temperatures…",
  noCities: "There are no cities yet. They appear here as soon as the API has one.",
  noMatch: "No city has such a name.",
  noReadings: "No values yet",
  noSuchCity: "There is no city with this number.",
  failed: "The API is unavailable just now.",
  retry: "Try again",
  refresh: "Refresh",
  more: "Show more cities",
  now: "now",
  lowest: "lowest",
  highest: "highest",
  daysHeading: "Day by day",
  chartLabel: "Temperature over time",
  chartHint: "Point at the line, or use the arrow keys: left and right by value, Page Up and Page Down by day.",
  tableHeading: "All values as a table",
  tableTime: "Time",
  tableTemperature: "Temperature, °C",
  tableSummary: "Summary",
  previousCity: "Previous city",
  nextCity: "Next city",
  unnamed: "City without a name",
  moscowTime: "All times are Moscow time, temperatures are in degrees Celsius.",
  footerApi: "The API, with its documentation",
  footerMetrics: "Metrics",
  footerNote: "The Golden Ring is a tour of old Russian towns north-east of Moscow.",
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
const RUSSIAN_SUMMARIES: ReadonlyMap<string, string> = new Map([
  ["freezing", "Сильный мороз"],
  ["frosty", "Мороз"],
  ["bracing", "Бодрящий холод"],
  ["chilly", "Холодно"],
  ["cool", "Прохладно"],
  ["mild", "Умеренно тепло"],
  ["warm", "Тепло"],
  ["balmy", "Приятное тепло"],
  ["hot", "Жарко"],
  ["sweltering", "Душно"],
  ["scorching", "Палящий зной"],
]);

const russian: Words = {
  documentTitle: "Goldenring: температура на Золотом кольце",
  skipLink: "Сразу к городам",
  heading: "Тепло ли на Золотом кольце?",
  darkTheme: "Тёмная тема",
  otherLanguage: "English",
  citiesHeading: "Города",
  searchLabel: "Найти город",
  orderLabel: "Порядок",
  orderAsListed: "Как в списке",
  orderWarmest: "Сначала тёплые",
  orderColdest: "Сначала холодные",
  orderName: "По названию",
  allCities: "Ко всем городам",
  loading: "Узнаём температуру…",
  noCities: "Городов пока нет. Они появятся здесь, как только будут в API.",
  noMatch: "Города с таким названием нет.",
  noReadings: "Значений пока нет",
  noSuchCity: "Города с таким номером нет.",
  failed: "API сейчас недоступен.",
  retry: "Повторить",
  refresh: "Обновить",
  more: "Показать ещё города",
  now: "сейчас",
  lowest: "минимум",
  highest: "максимум",
  daysHeading: "По дням",
  chartLabel: "Температура по времени",
  chartHint: "Наведите на линию или нажимайте стрелки: влево и вправо по значениям, Page Up и Page Down по дням.",
  tableHeading: "Все значения таблицей",
  tableTime: "Время",
  tableTemperature: "Температура, °C",
  tableSummary: "Описание",
  previousCity: "Предыдущий город",
  nextCity: "Следующий город",
  unnamed: "Город без названия",
  moscowTime: "Время московское, температура в градусах Цельсия.",
  footerApi: "API и его документация",
  footerMetrics: "Метрики",
  footerNote: "Золотое кольцо: путешествие по старинным городам к северо-востоку от Москвы.",
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
