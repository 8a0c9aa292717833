/** Works on all items, two at a time, and goes on after a failure. @returns what failed, in words */
export async function failuresOf<T>(
  items: readonly T[],
  options: { readonly name: (item: T) => string; readonly work: (item: T) => Promise<void> },
): Promise<string[]> {
  const failures: string[] = [];
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) {
      try {
        await options.work(item);
      } catch (error) {
        failures.push(`${options.name(item)}: ${error instanceof Error ? error.stack : error}`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  return failures;
}
