import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Sample, SampleReader } from "./samples.ts";

// As k6 1.8.1 writes it.
const CSV = `metric_name,timestamp,metric_value,check,name,status,extra_tags,metadata
vus,1700000000500,4.000000,,,,,
http_reqs,1700000001000,1.000000,,GET /Cities/{id},200,,
http_req_duration,1700000001000,12.500000,,GET /Cities/{id},200,,
http_req_failed,1700000001000,0.000000,,GET /Cities/{id},200,,
checks,1700000001001,1.000000,GET /Cities/{id}: 200 and the right body,,,,
http_req_duration,1700000001200,0.000000,,GET /Cities,0,,
checks,1700000001201,0.000000,GET /Cities: 200 and the right body,,,,
data_sent,1700000002000,100.000000,,,,,
data_received,1700000002000,900.000000,,,,,
vus_max,1700000002000,9.000000,,,,,
`;

const SAMPLES: Sample[] = [
  { kind: "users", at: 1_700_000_000_500, users: 4 },
  { kind: "answer", at: 1_700_000_001_000, ms: 12.5, route: "GET /Cities/{id}", failed: false },
  { kind: "check", at: 1_700_000_001_001, isRight: true },
  { kind: "answer", at: 1_700_000_001_200, ms: 0, route: "GET /Cities", failed: true },
  { kind: "check", at: 1_700_000_001_201, isRight: false },
  { kind: "bytes", received: 0, sent: 100 },
  { kind: "bytes", received: 900, sent: 0 },
];

function read(pieces: readonly string[]): Sample[] {
  const samples: Sample[] = [];
  const reader = new SampleReader((sample) => samples.push(sample));
  for (const piece of pieces) reader.push(piece);
  return samples;
}

describe("k6's samples", () => {
  test("are read from its CSV", () => expect(read([CSV])).toEqual(SAMPLES));

  test("are the same in whatever pieces the text comes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(CSV.length)), (cuts) => {
        const places = [0, ...cuts.toSorted((one, other) => one - other), CSV.length];
        const pieces = places.slice(1).map((end, index) => CSV.slice(places[index], end));
        expect(read(pieces)).toEqual(SAMPLES);
      }),
    );
  });

  test("of a k6 that writes something else are refused rather than misread", () => {
    expect(() => read(["something else\n"])).toThrow("not what k6's CSV begins with");
  });
});
