/** A supervisor that was killed leaves no child behind: aborted when its end of the channel closes. */
export function stopWithSupervisor(): AbortSignal {
  const stop = new AbortController();
  process.once('disconnect', () => stop.abort());
  return stop.signal;
}
