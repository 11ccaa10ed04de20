import { expect, test } from "bun:test";
import { serversIn } from "./parse-answers.ts";

test("HAProxy's statistics give each server of each listener with its state, wherever that column stands", () => {
  const csv = [
    "# pxname,svname,qcur,status,weight,",
    "statistics,FRONTEND,,OPEN,,",
    "master,pg-01,0,UP,1,",
    "master,pg-02,0,DOWN 2/8,1,",
    "master,BACKEND,0,UP,1,",
  ].join("\n");
  expect(serversIn(csv)).toEqual([
    { listener: "master", server: "pg-01", state: "UP" },
    { listener: "master", server: "pg-02", state: "DOWN 2/8" },
  ]);
});
