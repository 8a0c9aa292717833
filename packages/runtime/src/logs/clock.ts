/** Wall clock with the digits below a millisecond that the monotonic one gives. */
export interface LogClock {
  /** Now, as Go's RFC3339Nano in UTC: no zeros at the end of the fraction. */
  now(): string;
}

const SLACK_NS = 2_000_000n;

/** The wall clock is asked each time; when it was set, its new time is taken over. */
export function createLogClock(): LogClock {
  let anchorWall = BigInt(Date.now()) * 1_000_000n;
  let anchorMonotonic = process.hrtime.bigint();
  return {
    now() {
      const millisecond = Date.now();
      const wall = BigInt(millisecond) * 1_000_000n;
      let exact = anchorWall + process.hrtime.bigint() - anchorMonotonic;
      const distance = exact - wall;
      if (distance < -SLACK_NS || distance > SLACK_NS) {
        anchorWall = wall;
        anchorMonotonic = process.hrtime.bigint();
        exact = wall;
      }
      return formatNanoseconds(exact);
    },
  };
}

export function formatNanoseconds(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  const rest = nanoseconds % 1_000_000_000n;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  if (rest === 0n) return `${whole}Z`;
  return `${whole}.${rest.toString().padStart(9, '0').replace(/0+$/, '')}Z`;
}
