import { expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { UndoStack } from "./undo.ts";

test("whatever is undone singly while all is undone has been undone when that ends", async () => {
  const undo = new UndoStack();
  const done: string[] = [];
  const removeGroup = undo.add(async () => {
    await delay(20);
    done.push("group");
  });
  const end = undo.add(async () => {
    await delay(10);
    done.push("process");
  });
  const all = undo.undoAll();
  void end().then(removeGroup);
  await all;
  expect(done).toEqual(["process", "group"]);
});

test("a step is done once, singly or with all", async () => {
  const undo = new UndoStack();
  const done: string[] = [];
  const first = undo.add(() => done.push("first"));
  undo.add(() => done.push("second"));
  await first();
  await first();
  await undo.undoAll();
  await undo.undoAll();
  expect(done).toEqual(["first", "second"]);
});
