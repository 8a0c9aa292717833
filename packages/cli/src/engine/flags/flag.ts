import type { Flag, FlagKind } from './interface.ts';

/** `all`, or `a, all`: the letter stands first. */
type Names = string;

export function bool(names: Names, description: string, isOnByDefault = false): Flag {
  return { ...named(names), kind: 'bool', description, ...(isOnByDefault ? { isOnByDefault } : {}) };
}

export function text(names: Names, description: string, options: Partial<Flag> = {}): Flag {
  return { ...named(names), kind: 'text', value: 'string', description, ...options };
}

/** May be given several times. */
export function list(names: Names, description: string, options: Partial<Flag> = {}): Flag {
  return { ...named(names), kind: 'list', value: 'list', description, ...options };
}

export function value(names: Names, kind: FlagKind, description: string): Flag {
  return { ...named(names), kind, value: kind, description };
}

export const FILTER: Flag = list('f, filter', 'Filter output based on conditions provided', {
  value: 'filter',
  check: (given) =>
    given === '' || given.includes('=') ? undefined : 'bad format of filter (expected name=value)',
});

function named(names: Names): { readonly name: string; readonly short?: string } {
  const [first = '', second] = names.split(', ');
  return second === undefined ? { name: first } : { name: second, short: first };
}
