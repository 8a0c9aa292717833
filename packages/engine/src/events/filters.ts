import type { ApiEvent, ApiFilters } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { matchesLabels } from '../filters/labels.ts';

const KNOWN = new Set([
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
]);
/** Actions that carry more after a colon: the filter names the part before it. */
const ACTIONS_WITH_TEXT = ['health_status', 'exec_create', 'exec_start'];

/**
 * The filters of `docker events`; all keys must match, of one key any value.
 * @throws {EngineError} `FILTER_INVALID`
 */
export function eventFilter(filters: ApiFilters = {}): (event: ApiEvent) => boolean {
  const unknown = Object.keys(filters).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) throw new EngineError('FILTER_INVALID', `invalid filter '${unknown}'`);
  const { label = [] } = filters;
  return (event) =>
    matchesAction(filters.event, event.Action) &&
    isOneOf(filters.type, event.Type) &&
    isOneOf(filters.scope, event.scope) &&
    matchesLabels(event.Actor.Attributes, label) &&
    matchesImage(filters.image, event) &&
    (
      ['container', 'volume', 'network', 'daemon', 'plugin', 'service', 'node', 'secret', 'config'] as const
    ).every((key) => matchesActor(filters[key], event, key));
}

function isOneOf(values: readonly string[] | undefined, value: string): boolean {
  return values === undefined || values.length === 0 || values.includes(value);
}

function matchesAction(values: readonly string[] | undefined, action: string): boolean {
  if (values?.some((value) => ACTIONS_WITH_TEXT.includes(value))) {
    return values.some((value) => action.startsWith(value));
  }
  return isOneOf(values, action);
}

function matchesActor(values: readonly string[] | undefined, event: ApiEvent, type: string): boolean {
  if (values === undefined || values.length === 0) return true;
  if (event.Type !== type) return false;
  const { ID, Attributes } = event.Actor;
  return values.some((value) => ID.startsWith(value) || (Attributes.name ?? '').startsWith(value));
}

function matchesImage(values: readonly string[] | undefined, event: ApiEvent): boolean {
  if (values === undefined || values.length === 0) return true;
  const { ID, Attributes } = event.Actor;
  const name = (event.Type === 'image' ? Attributes.name : Attributes.image) ?? '';
  const names = [ID, name, withoutTag(ID), withoutTag(name)];
  return values.some((value) => names.includes(value));
}

function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}
