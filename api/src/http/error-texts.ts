/** What the error answers mean: the same words in answers and in the OpenAPI document. */
export const NOT_FOUND_CITY = "there is no city with this id";
export const NOT_FOUND_FORECAST = "there is no forecast value with this id";
export const NOT_VALID = {
  400: "the body is no JSON or breaks a rule: see errors",
  413: "the body is too long",
  415: "the body is not application/json",
};
export const UNCONFIRMED = { 503: "the write was not confirmed in time: it is not known to be done" };
