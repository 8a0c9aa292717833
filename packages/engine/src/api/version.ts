/** A version of the Engine API, as the number after `1.`: they are all 1.x. */
export type ApiVersion = number;

export const API_VERSION_MIN: ApiVersion = 40;
export const API_VERSION_MAX: ApiVersion = 50;

export function formatApiVersion(version: ApiVersion): string {
  return `1.${version}`;
}
