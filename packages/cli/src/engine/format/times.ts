const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long, as docker says it: `Less than a second`, `23 seconds`, `About a minute`, `3 weeks`. */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return 'Less than a second';
  if (whole === 1) return '1 second';
  if (whole < MINUTE) return `${whole} seconds`;
  const minutes = Math.trunc(whole / MINUTE);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(whole / HOUR);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  const days = Math.trunc(whole / DAY);
  if (hours < 24 * 7 * 2) return `${days} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(days / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(days / 30)} months`;
  return `${Math.trunc(days / 365)} years`;
}

export function ago(date: Date, now = new Date()): string {
  return `${humanDuration((now.getTime() - date.getTime()) / 1000)} ago`;
}

/** `2026-11-26 15:24:42 +0000 UTC`: Go's way to write a time, in the zone of this machine. */
export function goTime(date: Date): string {
  const { offset, sign, hours, minutes } = zoneOf(date);
  const zone = offset === 0 ? 'UTC' : zoneName(date);
  return `${datePart(date)} ${timePart(date)} ${sign}${hours}${minutes} ${zone}`;
}

/** RFC 3339 in the zone of this machine, seconds alone. */
export function rfc3339(date: Date): string {
  const { offset, sign, hours, minutes } = zoneOf(date);
  return `${datePart(date)}T${timePart(date)}${offset === 0 ? 'Z' : `${sign}${hours}:${minutes}`}`;
}

/** RFC 3339 with all nine digits of its nanoseconds, as events are told. */
export function rfc3339Nano(timeNano: bigint): string {
  const date = new Date(Number(timeNano / 1_000_000n));
  const { sign, hours, minutes, offset } = zoneOf(date);
  const fraction = (timeNano % 1_000_000_000n).toString().padStart(9, '0');
  const zone = offset === 0 ? 'Z' : `${sign}${hours}:${minutes}`;
  return `${datePart(date)}T${timePart(date)}.${fraction}${zone}`;
}

function datePart(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function timePart(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zoneOf(date: Date) {
  const offset = -date.getTimezoneOffset();
  const absolute = Math.abs(offset);
  return {
    offset,
    sign: offset < 0 ? '-' : '+',
    hours: two(Math.trunc(absolute / 60)),
    minutes: two(absolute % 60),
  };
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
