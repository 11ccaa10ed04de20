/** The nine cities of the sample data, as GET /Cities answers them. */
export const baseCities: readonly { readonly id: number; readonly name: string }[] = [
  "Сергиев Посад",
  "Переславль-Залесский",
  "Ростов Великий",
  "Углич",
  "Ярославль",
  "Кострома",
  "Иваново",
  "Суздаль",
  "Владимир",
].map((name, index) => ({ id: index + 1, name }));
