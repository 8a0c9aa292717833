/**
 * First segments of a repository name that nobody may have: the Hub's API lives beside the registry below `/v2/`,
 * and its pages beside that. `library`, the official images, is no reserved one: the
 * authorizer decides who may write there.
 */
export const RESERVED_NAMESPACES: ReadonlySet<string> = new Set([
  // Hub API below /v2/
  'user',
  'users',
  'auth',
  'namespaces',
  'repositories',
  'search',
  'access-tokens',
  'orgs',
  'invites',
  'auditlogs',
  'scim',
  // roots of the origin
  'api',
  'v1',
  'v2',
  'healthz',
  'readyz',
  'metrics',
  'assets',
  'static',
  'favicon.ico',
  'robots.txt',
  // pages
  'r',
  'setup',
  'sign-in',
  'sign-out',
  'sign-up',
  'login',
  'logout',
  'account',
  'explore',
  'help',
  'settings',
]);
