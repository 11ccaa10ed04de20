/** Russian letters in Latin ones, as maps and tickets write the cities: "Переславль-Залесский" is "Pereslavl-Zalessky". */
const LETTERS: ReadonlyMap<string, string> = new Map(
  "а:a б:b в:v г:g д:d е:e ё:yo ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ъ: ы:y ь: э:e ю:yu я:ya"
    .split(" ")
    .map((pair) => pair.split(":") as [string, string]),
);

const CYRILLIC = /\p{Script=Cyrillic}/u;
const ADJECTIVE_ENDING = /[иы]й(?!\p{L})/giu;

export function isCyrillic(text: string): boolean {
  return CYRILLIC.test(text);
}

function inLatin(letter: string): string {
  const small = letter.toLowerCase();
  const latin = LETTERS.get(small);
  if (latin === undefined) return letter;
  return small === letter ? latin : latin.charAt(0).toUpperCase() + latin.slice(1);
}

/** The name in Latin letters; a name that is not Russian stays unchanged. */
export function latinName(name: string): string {
  if (!isCyrillic(name)) return name;
  return Array.from(name.replace(ADJECTIVE_ENDING, "й"), inLatin).join("");
}
