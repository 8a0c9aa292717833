import type { Authorizer } from './interface.ts';

/** Everybody may do everything, under one name. For tests and for embedding behind a door of one's own. */
export function allowAll(subject = 'anonymous'): Authorizer {
  const decision = { allowed: true, subject } as const;
  return { authorize: async () => decision };
}
