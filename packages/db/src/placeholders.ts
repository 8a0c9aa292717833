import type { Param } from './interface.ts';

/** Stands for a value that is not known yet in a compiled query. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export function placeholder<P>(): Param<P> {
  return (name) => new Placeholder(name) as never;
}

/** @returns a function that puts the values where the placeholders were; what was known already stays */
export function bindPlaceholders(
  parameters: readonly unknown[],
): (values: Readonly<Record<string, unknown>>) => unknown[] {
  const places = parameters.map((parameter) =>
    parameter instanceof Placeholder ? parameter.name : undefined,
  );
  return (values) =>
    places.map((name, index) => {
      if (name === undefined) return parameters[index];
      if (values[name] === undefined)
        throw new Error(`A prepared query was run without a value for "${name}"`);
      return values[name];
    });
}
