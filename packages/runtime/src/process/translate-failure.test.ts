import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateFailure } from './translate-failure.ts';

const CASES = [
  [
    'create',
    'runc create failed: unable to start container process: exec: "foo": executable file not found in $PATH',
    'COMMAND_NOT_FOUND',
  ],
  [
    'create',
    'runc create failed: unable to start container process: exec: "/foo": stat /foo: no such file or directory',
    'COMMAND_NOT_FOUND',
  ],
  [
    'exec',
    'exec failed: unable to start container process: exec: "/etc/passwd": permission denied',
    'COMMAND_NOT_EXECUTABLE',
  ],
  [
    'create',
    'runc create failed: unable to start container process: exec: "/etc": is a directory',
    'COMMAND_NOT_EXECUTABLE',
  ],
  [
    'create',
    'runc create failed: unable to start container process: error during container init: error mounting "/nosuch" to rootfs at "/x": stat /nosuch: no such file or directory',
    'RUNTIME_FAILED',
  ],
  ['create', 'runc create failed: unable to apply cgroup configuration: no space left', 'RUNTIME_FAILED'],
  ['pause', 'permission denied', 'RUNTIME_FAILED'],
] as const;

/** docker looks for the small letters. */
const OF_CRUN = [
  [
    'executable file `foo` not found in $PATH: No such file or directory',
    'executable file `foo` not found in $PATH: no such file or directory',
    'COMMAND_NOT_FOUND',
  ],
  [
    'executable file `/foo` not found in $PATH: Permission denied',
    'executable file `/foo` not found in $PATH: permission denied',
    'COMMAND_NOT_EXECUTABLE',
  ],
  [
    'open executable: Operation not permitted',
    'open executable: permission denied',
    'COMMAND_NOT_EXECUTABLE',
  ],
] as const;

for (const [words, shown, code] of OF_CRUN) {
  test(`crun's "${words}" is ${code}, in the words that clients match on`, () => {
    const error = translateFailure('create', words);
    assert.equal(error.code, code);
    assert.deepEqual(error.detail, { output: `OCI runtime create failed: ${shown}: unknown` });
  });
}

for (const [verb, words, code] of CASES) {
  test(`${verb}: "${words.slice(-60)}" is ${code}, with the words that clients match on`, () => {
    const error = translateFailure(verb, words);
    assert.equal(error.code, code);
    assert.deepEqual(error.detail, { output: `OCI runtime ${verb} failed: ${words}: unknown` });
  });
}
