import { ENCODINGS, type EncodingName } from "./encodings.ts";
import { type CityShape, type ListBody, ListBuilder } from "./list-body.ts";
import type { ReadModel } from "./read-model.ts";

/** One list endpoint's answers: each encoding is built at most once per revision of the model, and only when asked for. */
export class ListCache {
  readonly #shape: CityShape;
  readonly #slots = new Map<
    EncodingName,
    { builder: ListBuilder; model?: ReadModel; revision?: number; body?: Promise<ListBody> }
  >();

  constructor(shape: CityShape) {
    this.#shape = shape;
  }

  body(model: ReadModel, encoding: EncodingName): Promise<ListBody> {
    let slot = this.#slots.get(encoding);
    if (!slot) {
      slot = { builder: new ListBuilder(this.#shape, ENCODINGS[encoding]) };
      this.#slots.set(encoding, slot);
    }
    if (slot.body && slot.model === model && slot.revision === model.revision) return slot.body;
    slot.model = model;
    slot.revision = model.revision;
    slot.body = slot.builder.build(model.snapshot());
    return slot.body;
  }
}
