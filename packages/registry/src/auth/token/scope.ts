import type { Access } from '../interface.ts';

/**
 * The `scope` of a challenge: actions of one repository together, in Docker's order, scopes parted by blanks.
 * `ping` needs no scope. @see distribution, docs/content/spec/auth/scope.md
 */
export function formatScope(access: readonly Access[]): string {
  const actions = new Map<string, string[]>();
  const scopes: string[] = [];
  for (const each of access) {
    if (each.type === 'ping') continue;
    if (each.type === 'catalog') {
      scopes.push('registry:catalog:*');
      continue;
    }
    const known = actions.get(each.name);
    if (known === undefined) {
      actions.set(each.name, [each.action]);
    } else if (!known.includes(each.action)) {
      known.push(each.action);
    }
  }
  const repositories = [...actions].map(([name, list]) => `repository:${name}:${list.join(',')}`);
  return [...repositories, ...scopes].join(' ');
}
