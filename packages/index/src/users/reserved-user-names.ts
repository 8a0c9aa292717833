/**
 * Names no user may have beside the registry's reserved namespaces: `library` is the house's own namespace, a
 * docker client reads `localhost/…` as a host, and a log would take the others for somebody else.
 */
export const RESERVED_USER_NAMES: readonly string[] = [
  'anonymous',
  'berth',
  'library',
  'localhost',
  'scratch',
  'system',
  'token',
];
