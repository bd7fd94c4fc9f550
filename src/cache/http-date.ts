/** Reads HTTP dates strictly: the three formats of RFC 9110 section 5.6.7 and nothing else. */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH = MONTHS.join("|");
const SHORT_DAY = "mon|tue|wed|thu|fri|sat|sun";
const LONG_DAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday";
const TIME = "(\\d{2}):(\\d{2}):(\\d{2})";

const IMF_FIXDATE = new RegExp(`^(?:${SHORT_DAY}), (\\d{2}) (${MONTH}) (\\d{4}) ${TIME} gmt$`, "i");
const RFC850 = new RegExp(`^(?:${LONG_DAY}), (\\d{2})-(${MONTH})-(\\d{2}) ${TIME} gmt$`, "i");
const ASCTIME = new RegExp(`^(?:${SHORT_DAY}) (${MONTH}) ([ \\d]\\d) ${TIME} (\\d{4})$`, "i");

const YEARS_AHEAD = 50;

/**
 * Reads one HTTP-date. Letter case is forgiven (RFC 9111 section 4.2), nothing else is.
 *
 * @param text  a field value
 * @param nowMs decides the century of a two-digit year: over 50 years ahead means the past one
 * @returns milliseconds since the epoch, or null when it is not a date
 */
export function parseHttpDate(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  let parts = IMF_FIXDATE.exec(text);
  if (parts !== null) return at(Number(parts[3]), parts[2], Number(parts[1]), parts[4], parts[5], parts[6]);
  parts = RFC850.exec(text);
  if (parts !== null) {
    const century = Math.floor(new Date(nowMs).getUTCFullYear() / 100) * 100;
    const read = parts;
    const inCentury = (base: number) => at(base + Number(read[3]), read[2], Number(read[1]), read[4], read[5], read[6]);
    const latest = new Date(nowMs).setUTCFullYear(new Date(nowMs).getUTCFullYear() + YEARS_AHEAD);
    const time = inCentury(century);
    return time !== null && time > latest ? inCentury(century - 100) : time;
  }
  parts = ASCTIME.exec(text);
  if (parts !== null) return at(Number(parts[6]), parts[1], Number(parts[2]), parts[3], parts[4], parts[5]);
  return null;
}

function at(
  year: number,
  month: string | undefined,
  day: number,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
): number | null {
  const monthIndex = MONTHS.indexOf((month ?? "").toLowerCase());
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h > 23 || m > 59 || s > 60) return null;
  const time = new Date(0);
  time.setUTCFullYear(year, monthIndex, day);
  if (time.getUTCMonth() !== monthIndex || time.getUTCDate() !== day) return null; // 31 Feb
  return time.setUTCHours(h, m, s, 0);
}
