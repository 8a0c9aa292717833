export { INDEX_ERRORS, IndexError, type IndexErrorCode } from './errors.ts';
export { MIGRATIONS as INDEX_MIGRATIONS } from './migrations.ts';
export { type Index, type IndexOptions, openIndex } from './open-index.ts';
export type { Tables as IndexTables } from './schema.ts';
export type { IssuedToken } from './tokens/token-service.ts';
export type { NewUser, User } from './users/users.ts';
