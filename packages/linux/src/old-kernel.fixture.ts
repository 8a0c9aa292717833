import type { TestContext } from 'node:test';
import { type Libc, libc } from './libc.ts';

type Call = 'openTree' | 'mountSetattr' | 'fsopen' | 'closeRange';

/** For the rest of the test these calls are not there (`ENOSYS`), as on kernels before they came. */
export function withoutCalls(t: Pick<TestContext, 'after'>, ...names: readonly Call[]): void {
  const library = libc();
  const errno = library.errno;
  let refused = false;
  const replace = <K extends keyof Libc>(name: K, value: Libc[K]) => {
    const before = library[name];
    library[name] = value;
    t.after(() => {
      library[name] = before;
    });
  };
  replace('errno', () => {
    if (!refused) return errno();
    refused = false;
    return 38;
  });
  for (const name of names) {
    replace(name, () => {
      refused = true;
      return -1;
    });
  }
}

/** statx(2) as before 5.8: it does not tell what is mounted. Until the test is over. */
export function withoutMountAttribute(t: TestContext): void {
  const { statx } = libc();
  libc().statx = (_dirfd, _path, _flags, _mask, result) => {
    result?.fill(0 as never);
    return 0;
  };
  t.after(() => {
    libc().statx = statx;
  });
}
