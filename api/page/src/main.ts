import { CityGrid, type Order } from "./city-grid.ts";
import { CityView } from "./city-view.ts";
import { byId, setText } from "./element.ts";
import { Feed } from "./feed.ts";
import { type City, currentOf, rangeOf } from "./figures.ts";
import { type Palette, readPalette } from "./heat.ts";
import { degrees, initialLanguage, nameInProse, rememberLanguage, SPEECHES, type Speech } from "./language.ts";
import { drawRing } from "./ring.ts";
import { applyTheme, isDark, onThemeChangedElsewhere, switchTheme } from "./theme.ts";

const REFRESH_INTERVAL_MS = 60_000;
/** After a failure the page refreshes sooner, so that it recovers soon after the API. */
const FAILED_REFRESH_INTERVAL_MS = 10_000;

const feed = new Feed();
let speech: Speech = SPEECHES[initialLanguage()];
let palette: Palette = readPalette();
let cities: readonly City[] | undefined;
let chosenCity: City | undefined;
/** By key, of the cities of which the overview has only the readings around now. */
const wholeCities = new Map<string, City>();
/** Keys of cities to fetch. */
const wantedCities = new Set<string>();
let fetchedAt: number | undefined;
let staleSeconds: number | undefined;
let failed = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let running: Promise<void> | undefined;

const search = byId("search") as HTMLInputElement;
const order = byId("order") as HTMLSelectElement;
const grid = new CityGrid(byId("cards"), byId("more"), () => palette, wantWhole);
const view = new CityView(() => palette);

function chosenKey(hash = location.hash): string | undefined {
  return /^#city-(-?\d+)$/.exec(hash)?.[1];
}

/** The chosen city with all its readings, or as the overview has it while they are fetched. */
function chosen(): City | undefined {
  const key = chosenKey();
  if (chosenCity?.key === key) return chosenCity;
  return wholeCities.get(key ?? "") ?? cities?.find((city) => city.key === key);
}

function showFixedTexts(): void {
  const { words, language } = speech;
  document.documentElement.lang = language;
  document.title = words.documentTitle;
  for (const target of document.querySelectorAll<HTMLElement>("[data-word]")) {
    const text: unknown = Reflect.get(words, target.dataset.word ?? "");
    if (typeof text === "string") setText(target, text);
  }
  byId("theme").setAttribute("aria-pressed", String(isDark()));
  byId("theme").setAttribute("aria-label", words.darkTheme);
  byId("language").lang = language === "en" ? "ru" : "en";
}

function leadText(now: number): string {
  const present = (cities ?? []).flatMap((city) => {
    const current = currentOf(city, now);
    return current === undefined ? [] : [{ city, current }];
  });
  const range = rangeOf(present.map(({ current }) => current));
  const count = cities?.length ?? 0;
  if (range === undefined) {
    const some = cities?.some((city) => city.readings.length > 0) ?? false;
    return some ? speech.words.leadNotCurrent(count) : "";
  }
  const nameOf = (reading: typeof range.lowest): string =>
    nameInProse(present.find(({ current }) => current === reading)?.city.name ?? "", speech);
  const [low, high] = [degrees(range.lowest.temperature), degrees(range.highest.temperature)];
  if (low === high) return speech.words.leadAllAlike(low, count);
  return speech.words.lead(low, nameOf(range.lowest), high, nameOf(range.highest), count);
}

function showNotice(): void {
  const { words, dates } = speech;
  const notice = byId("notice");
  const stale = staleSeconds === undefined ? "" : words.stale(words.age(staleSeconds));
  const failure = fetchedAt === undefined ? words.failed : words.failedWithValues(dates.time(fetchedAt));
  const text = failed ? failure : stale;
  setText(byId("notice-text"), text);
  notice.classList.toggle("notice-shown", text !== "");
  notice.dataset.kind = failed ? "failed" : "stale";
  byId("retry").hidden = !failed;
  setText(byId("updated"), fetchedAt === undefined ? "" : words.updated(dates.time(fetchedAt)));
}

function showState(text: string): void {
  setText(byId("state"), text);
  byId("state").hidden = text === "";
}

function showCities(): void {
  const now = Date.now();
  const { words } = speech;
  document.body.dataset.phase = cities !== undefined ? "ready" : failed ? "failed" : "loading";
  setText(byId("lead"), leadText(now));
  drawRing(byId("ring"), cities ?? [], now, speech);
  if (cities === undefined) {
    showState(failed ? "" : words.loading);
    return;
  }
  const known = cities.map((city) => (city.isPartial && wholeCities.get(city.key)) || city);
  const choice = { search: search.value, order: order.value as Order, chosen: chosenKey() };
  const shown = grid.show({ cities: known, now, speech, ...choice });
  setText(byId("shown"), cities.length === 0 ? "" : words.shown(shown, cities.length));
  showState(cities.length === 0 ? words.noCities : shown === 0 ? words.noMatch : "");
}

function showChosen(): void {
  const city = chosen();
  const isMissing = chosenKey() !== undefined && cities !== undefined && city === undefined;
  setText(byId("no-such-city"), isMissing ? speech.words.noSuchCity : "");
  if (city === undefined) {
    view.hide();
    return;
  }
  const index = cities?.findIndex((other) => other.key === city.key) ?? -1;
  view.show({ city, previous: cities?.[index - 1], next: cities?.[index + 1], now: Date.now(), speech });
}

function showEverything(): void {
  showNotice();
  showCities();
  showChosen();
}

function repaint(): void {
  palette = readPalette();
  showFixedTexts();
  grid.repaint();
  view.repaint();
}

/** Fetches all readings of the chosen city; until then the overview's are shown. */
async function refreshChosen(): Promise<void> {
  const key = chosenKey();
  if (key === undefined || !cities?.some((city) => city.key === key)) return;
  const detail = await feed.detail(key, Date.now());
  const city = detail.cities.find((found) => found.key === key);
  if (city === undefined || city.readings.length === 0 || chosenKey() !== key) return;
  chosenCity = city;
  showChosen();
}

/** Many cards come near the window at the same time: their cities are fetched together and shown at once. */
function wantWhole(key: string, again = false): void {
  if (!again && wholeCities.has(key)) return;
  if (!cities?.[0]?.isPartial) return;
  if (wantedCities.size === 0) setTimeout(fetchWanted);
  wantedCities.add(key);
}

async function fetchWanted(): Promise<void> {
  const keys = [...wantedCities];
  wantedCities.clear();
  try {
    for (const city of await Promise.all(keys.map((key) => feed.card(key, Date.now())))) {
      if (city !== undefined) wholeCities.set(city.key, city);
    }
  } catch {
    // The next refresh shows that the API is unavailable, or fetches them again.
  }
  showCities();
}

async function fetchAll(): Promise<void> {
  try {
    const snapshot = await feed.overview(Date.now());
    cities = snapshot.cities;
    const near = new Set(grid.near());
    for (const key of wholeCities.keys()) if (!near.has(key)) wholeCities.delete(key);
    staleSeconds = snapshot.staleSeconds;
    fetchedAt = Date.now();
    failed = false;
    showEverything();
    for (const key of near) wantWhole(key, true);
    await refreshChosen();
  } catch {
    failed = true;
    showEverything();
  }
}

/** One refresh at a time. The next one follows after an interval, but not while the page is hidden. */
function refresh(): Promise<void> {
  clearTimeout(timer);
  running ??= fetchAll().finally(() => {
    running = undefined;
    const retrySoon = failed || staleSeconds !== undefined;
    if (!document.hidden) timer = setTimeout(refresh, retrySoon ? FAILED_REFRESH_INTERVAL_MS : REFRESH_INTERVAL_MS);
  });
  return running;
}

/** Shows the city that the address names, or returns to the card of the last one. */
function followAddress(previousKey: string | undefined): void {
  showCities();
  showChosen();
  if (chosenKey() !== undefined && chosen() !== undefined) {
    view.heading.focus({ preventScroll: true });
    byId("view").scrollIntoView({ block: "start" });
    refreshChosen().catch(() => {
      failed = true;
      showNotice();
    });
  } else if (previousKey !== undefined) {
    const link = grid.linkOf(previousKey);
    (link ?? byId("cities")).focus({ preventScroll: link !== undefined });
    link?.scrollIntoView({ block: "center" });
  }
}

function switchLanguage(): void {
  speech = SPEECHES[speech.language === "en" ? "ru" : "en"];
  rememberLanguage(speech.language);
  showFixedTexts();
  showEverything();
}

function listen(): void {
  window.addEventListener("hashchange", ({ oldURL }) => followAddress(chosenKey(new URL(oldURL).hash)));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosenKey() !== undefined) location.hash = "#cities";
  });
  search.addEventListener("input", showCities);
  order.addEventListener("change", showCities);
  byId("retry").addEventListener("click", refresh);
  byId("refresh").addEventListener("click", refresh);
  byId("theme").addEventListener("click", () => {
    switchTheme();
    repaint();
  });
  byId("language").addEventListener("click", switchLanguage);
  onThemeChangedElsewhere(repaint);
  addEventListener("online", refresh);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) return;
    if (Date.now() - (fetchedAt ?? 0) >= REFRESH_INTERVAL_MS) refresh();
    else timer = setTimeout(refresh, REFRESH_INTERVAL_MS);
  });
}

applyTheme();
showFixedTexts();
showEverything();
listen();
refresh().then(() => {
  if (chosen() !== undefined) byId("view").scrollIntoView({ block: "start" });
});
