/** Reads HTTP dates strictly: the three formats of RFC 9110 section 5.6.7 and nothing else. */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MONTH = MONTHS.join("|");
const SHORT_DAY = "mon|tue|wed|thu|fri|sat|sun";
const LONG_DAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday";
const TIME = "\\d{2}:\\d{2}:\\d{2}";

/** What nearly all write; every part of it has its place. */
const IMF_FIXDATE = new RegExp(`^(?:${SHORT_DAY}), \\d{2} (?:${MONTH}) \\d{4} ${TIME} gmt$`, "i");
const RFC850 = new RegExp(`^(?:${LONG_DAY}), (\\d{2})-(${MONTH})-(\\d{2}) (${TIME}) gmt$`, "i");
const ASCTIME = new RegExp(`^(?:${SHORT_DAY}) (${MONTH}) ([ \\d]\\d) (${TIME}) (\\d{4})$`, "i");

const YEARS_AHEAD = 50;

/** After which the calendar repeats, day of the week and all. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * 86_400_000;

/**
 * Reads one HTTP-date. Letter case is forgiven (RFC 9111 section 4.2), nothing else is.
 *
 * @param text  a field value
 * @param nowMs decides the century of a two-digit year: over 50 years ahead means the past one
 * @returns milliseconds since the epoch, or null when it is not a date
 */
export function parseHttpDate(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  if (IMF_FIXDATE.test(text))
    return at(digits(text, 12, 16), text.slice(8, 11), digits(text, 5, 7), text.slice(17, 25));
  const [, day, month = "", year, time = ""] = RFC850.exec(text) ?? [];
  if (day !== undefined) {
    const century = Math.floor(new Date(nowMs).getUTCFullYear() / 100) * 100;
    const inCentury = (base: number) => at(base + Number(year), month, Number(day), time);
    const latestMs = new Date(nowMs).setUTCFullYear(new Date(nowMs).getUTCFullYear() + YEARS_AHEAD);
    const readMs = inCentury(century);
    return readMs !== null && readMs > latestMs ? inCentury(century - 100) : readMs;
  }
  const asctime = ASCTIME.exec(text);
  return asctime === null ? null : at(Number(asctime[4]), asctime[1]!, Number(asctime[2]), asctime[3]!);
}

/** @param time hh:mm:ss */
function at(year: number, month: string, day: number, time: string): number | null {
  const monthIndex = MONTHS.indexOf(month.toLowerCase());
  const hour = digits(time, 0, 2);
  const minute = digits(time, 3, 5);
  const second = digits(time, 6, 8);
  if (day < 1 || day > daysIn(monthIndex, year) || hour > 23 || minute > 59 || second > 60) return null;
  // `Date.UTC` takes the years 0 to 99 for others, and no others.
  return Date.UTC(year + CYCLE_YEARS, monthIndex, day, hour, minute, second) - CYCLE_MS;
}

function daysIn(monthIndex: number, year: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return monthIndex === 1 && isLeap ? 29 : DAYS[monthIndex]!;
}

/** The number that digits in a text spell. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let index = from; index < to; index++) number = number * 10 + text.charCodeAt(index) - 0x30;
  return number;
}
