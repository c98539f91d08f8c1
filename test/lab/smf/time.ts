// Times as the SMF tools print them. The lab's hosts live in UTC.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const longMonths = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];
const two = (value: number): string => String(value).padStart(2, '0');
const blank = (value: number): string => String(value).padStart(2, ' ');

/** "Jan  3 12:01:07": a line of a service's log (§11.7). `at` is milliseconds since the epoch. */
export function formatLogTime(at: number): string {
  const date = new Date(at);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${months[date.getUTCMonth()]} ${blank(date.getUTCDate())} ${clock}`;
}

/** "January  3, 2025 at 12:01:07 PM UTC": svcs -x and -l (§11.7). */
export function formatLongTime(at: number): string {
  const date = new Date(at);
  const hours = date.getUTCHours();
  const clock = `${two(hours % 12 === 0 ? 12 : hours % 12)}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const day = `${longMonths[date.getUTCMonth()]} ${blank(date.getUTCDate())}, ${date.getUTCFullYear()}`;
  return `${day} at ${clock} ${hours < 12 ? 'AM' : 'PM'} UTC`;
}

const DAY = 24 * 3600 * 1000;

/** STIME of svcs: the time of day within 24 hours, "Mon_DD" within a year, else the year (§11.7). */
export function formatStateTime(at: number, now: number): string {
  const date = new Date(at);
  if (now - at < DAY) return `${blank(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  if (now - at < 365 * DAY) return `${months[date.getUTCMonth()]}_${two(date.getUTCDate())}`;
  return String(date.getUTCFullYear());
}
