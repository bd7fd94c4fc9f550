import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHttpDate } from "../../src/cache/http-date.ts";
import { NOW_MS } from "./support.ts";

const AUGUST_2050 = Date.UTC(2050, 7, 18, 2, 1, 18);

describe("HTTP dates", () => {
  it.each([
    "Thu, 18 Aug 2050 02:01:18 GMT",
    "Thursday, 18-Aug-50 02:01:18 GMT",
    "Thu Aug 18 02:01:18 2050",
    "THU, 18 AUG 2050 02:01:18 gMT",
  ])("are read in each of their formats: %s", (text) => expect(parseHttpDate(text, NOW_MS)).toBe(AUGUST_2050));

  it("are read with a one-digit day in asctime's format", () => {
    expect(parseHttpDate("Mon Aug  8 02:01:18 2050", NOW_MS)).toBe(Date.UTC(2050, 7, 8, 2, 1, 18));
  });

  it("put a two-digit year that is over 50 years ahead into the past", () => {
    expect(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", NOW_MS)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
    expect(parseHttpDate("Saturday, 21-Nov-76 12:00:00 GMT", NOW_MS)).toBe(Date.UTC(2076, 10, 21, 12));
    expect(parseHttpDate("Saturday, 21-Nov-76 12:00:01 GMT", NOW_MS)).toBe(Date.UTC(1976, 10, 21, 12, 0, 1));
  });

  it("may have a leap second and no other", () => {
    expect(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW_MS)).toBe(Date.UTC(2017, 0, 1));
    expect(parseHttpDate("Sat, 31 Dec 2016 23:59:61 GMT", NOW_MS)).toBeNull();
  });

  it.each([
    "0",
    "",
    "Thu, 18 Aug 2050 02:01:18 UTC",
    "Thu, 18 Aug 50 02:01:18 GMT",
    "Thu 18 Aug 2050 02:01:18 GMT",
    "Thu, 18  Aug  2050 02:01:18 GMT",
    "Thu, 18-Aug-2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 02.01.18 GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT",
    "Thu, 31 Feb 2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 24:01:18 GMT",
    "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
  ])("are nothing else: %s", (text) => expect(parseHttpDate(text, NOW_MS)).toBeNull());

  it.each(["Sat, 29 Feb 2048 00:00:00 GMT", "Tue, 29 Feb 2000 00:00:00 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"])(
    "know their calendar: %s",
    (text) => expect(new Date(parseHttpDate(text, NOW_MS)!).toUTCString()).toBe(text),
  );

  it.each(["29 Feb 2049", "29 Feb 2100", "30 Feb 2048", "31 Apr 2050", "32 Jan 2050", "00 Jan 2050"])(
    "are not days that there are not: %s",
    (day) => expect(parseHttpDate(`Mon, ${day} 00:00:00 GMT`, NOW_MS)).toBeNull(),
  );

  it("are read back as they are written, from the year 0 to the year 9999", () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), (seconds) => {
        const text = new Date(seconds * 1000).toUTCString();
        const [day = "", date, month, year, time] = text.split(" ");
        expect(parseHttpDate(text, NOW_MS)).toBe(seconds * 1000);
        expect(parseHttpDate(`${day.slice(0, 3)} ${month} ${date} ${time} ${year}`, NOW_MS)).toBe(seconds * 1000);
      }),
      { numRuns: 500 },
    );
  });
});
