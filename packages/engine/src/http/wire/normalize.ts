import type { TSchema } from 'typebox';

interface ObjectSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

/**
 * Brings a body to the shape that its schema means: `null` in a known field is no field (Go's zero value), and a name in
 * another case is that name. Values of free maps (`PortBindings`, `Volumes`) stay as they are: a `null` there means
 * something.
 */
export function normalize(schema: TSchema, value: unknown): unknown {
  const { type, properties, items } = schema as ObjectSchema;
  if (type === 'array' && items !== undefined && Array.isArray(value)) {
    return value.map((one) => normalize(items, one));
  }
  if (properties === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  const byLower = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
  const normal: Record<string, unknown> = {};
  for (const [given, one] of Object.entries(value)) {
    const name = Object.hasOwn(properties, given) ? given : (byLower.get(given.toLowerCase()) ?? given);
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) define(normal, name, one);
    else if (one !== null) define(normal, name, normalize(property, one));
  }
  return normal;
}

/** `__proto__` is a name like any other here. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
