import { StorageError } from '../errors.ts';

const MAX_LENGTH = 512;

/** Names of container layers and owners are the caller's; they only have to be fit for a row and for a message. @throws {StorageError} `NAME_INVALID` */
export function assertName(text: string, what: 'container layer' | 'owner'): void {
  if (text.length > 0 && text.length <= MAX_LENGTH && !/[\u0000-\u001f\u007f]/.test(text)) return;
  throw new StorageError('NAME_INVALID', `Cannot use "${text.slice(0, 80)}" as the name of a ${what}`, {
    hint: `Use 1 to ${MAX_LENGTH} characters, none of them control characters`,
  });
}
