import type { ApiVersion } from '../../api/version.ts';
import type { Exchange } from './exchange.ts';
import type { HijackedConnection } from './hijack.ts';
import type { Services } from './services.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

export type Answer = (services: Services, exchange: Exchange) => Promise<void> | void;
/** Takes the connection over: from here on it carries bytes and no HTTP. */
export type Takeover = (
  services: Services,
  exchange: Exchange,
  connection: HijackedConnection,
) => Promise<void>;

/** One line of the table in `routes.ts`. */
export interface Route {
  readonly method: Method;
  /**
   * `/containers/{id}/json`: one segment. `/images/{name*}/json`: one or more, since names of images have slashes.
   * `/secrets/**`: the path itself and everything below it.
   */
  readonly pattern: string;
  /** The first version that has it; every version when absent. */
  readonly since?: ApiVersion;
  readonly answer?: Answer;
  readonly takeover?: Takeover;
  /** `_ping`: answered on every version, also on those that are refused elsewhere. */
  readonly anyVersion?: true;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface CompiledRoute {
  readonly route: Route;
  readonly regex: RegExp;
  readonly names: readonly string[];
}

export interface Router {
  /** @returns `undefined`: no route has this path; a list: the methods that the path has instead of this one */
  match(method: string, path: string, version: ApiVersion): RouteMatch | readonly Method[] | undefined;
}

/** The first line that fits wins, so exact paths stand before those with a name in them. */
export function compileRoutes(routes: readonly Route[]): Router {
  const byHead = new Map<string, CompiledRoute[]>();
  for (const route of routes) {
    const head = headOf(route.pattern);
    const group = byHead.get(head) ?? [];
    group.push(compile(route));
    byHead.set(head, group);
  }
  return {
    match(method, path, version) {
      const others: Method[] = [];
      for (const { route, regex, names } of byHead.get(headOf(path)) ?? []) {
        if (route.since !== undefined && version < route.since) continue;
        const found = regex.exec(path);
        if (found === null) continue;
        if (route.method !== method) {
          others.push(route.method);
          continue;
        }
        const params = readParams(names, found);
        return params === undefined ? undefined : { route, params };
      }
      return others.length > 0 ? others : undefined;
    },
  };
}

function headOf(path: string): string {
  const end = path.indexOf('/', 1);
  return end === -1 ? path.slice(1) : path.slice(1, end);
}

function compile(route: Route): CompiledRoute {
  const names: string[] = [];
  const source = route.pattern
    .replace(/\/\*\*$/, '(?:/.*)?')
    .replace(/\{(\w+)(\*?)\}/g, (_all, name: string, many: string) => {
      names.push(name);
      return many === '' ? '([^/]+)' : '(.+)';
    });
  return { route, regex: new RegExp(`^${source}/?$`), names };
}

/** Percent signs are taken out once, after the path was cut at its slashes: `..%2f` stays one odd name that nothing has. */
function readParams(
  names: readonly string[],
  found: RegExpExecArray,
): Readonly<Record<string, string>> | undefined {
  const params: Record<string, string> = {};
  for (const [at, name] of names.entries()) {
    const text = decode(found[at + 1] ?? '');
    if (text === undefined) return undefined;
    params[name] = text;
  }
  return params;
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
