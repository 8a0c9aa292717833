export type { AccessRecord } from './access-record.ts';
export { allowAll } from './auth/allow-all.ts';
export type { Access, AuthorizeRequest, Authorizer, Decision, RepositoryAction } from './auth/interface.ts';
export type { KeySet } from './auth/token/key-set.ts';
export { formatScope } from './auth/token/scope.ts';
export { createTokenAuthorizer, type TokenAuthorizerOptions } from './auth/token/token-authorizer.ts';
export type { CheckFinding, CheckOptions, CheckReport } from './check/report.ts';
export {
  REGISTRY_ERRORS,
  RegistryError,
  type RegistryErrorCode,
  type RegistryErrorOptions,
} from './errors.ts';
export { isRegistryPath } from './http/registry-path.ts';
export { DEFAULT_LIMITS, type RegistryLimits } from './limits.ts';
export { checkRegistryFiles, openRegistry } from './open-registry.ts';
export type { Page, RegistryQueries, RepositoryInfo, TagImage, TagInfo } from './queries/interface.ts';
export type { Registry, RegistryHandler, RegistryOptions, RequestContext, StartSweep } from './registry.ts';
export { RESERVED_NAMESPACES } from './reserved-namespaces.ts';
export { REGISTRY_MIGRATIONS } from './store/migrations.ts';
export type { RegistryTables } from './store/schema.ts';
