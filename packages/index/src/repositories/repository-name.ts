import { isRepositoryName } from '@berth/oci';
import { RESERVED_NAMESPACES } from '@berth/registry';
import { IndexError } from '../errors.ts';

/** @throws {IndexError} `REPOSITORY_NAME_INVALID` */
export function checkRepositoryName(namespace: string, name: string): void {
  if (RESERVED_NAMESPACES.has(namespace)) fail(namespace, name, `the namespace "${namespace}" is reserved`);
  if (!isRepositoryName(`${namespace}/${name}`)) {
    fail(
      namespace,
      name,
      'only lower-case letters and digits are allowed, with ".", "_", "__" or "-" between them',
    );
  }
}

function fail(namespace: string, name: string, reason: string): never {
  const shown = `${namespace}/${name}`.slice(0, 160);
  throw new IndexError('REPOSITORY_NAME_INVALID', `Cannot create repository "${shown}": ${reason}`, {
    hint: 'choose a name such as "app" or "team/app"',
    detail: { field: 'name' },
  });
}
