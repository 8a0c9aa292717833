import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from '../spec/capabilities.ts';
import { resolveSeccomp } from './resolve-profile.ts';

const HOST = { architecture: 'x64', kernel: { major: 6, minor: 1 } } as const;

interface Filter {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly { names: string[]; action: string; errnoRet?: number; args?: object[] }[];
}

function resolve(...given: Partial<Parameters<typeof resolveSeccomp>>): Filter {
  const [asked = 'default', capabilities = DEFAULT_CAPABILITIES, host = HOST] = given;
  return resolveSeccomp(asked, capabilities, host) as Filter;
}

function rulesOf(filter: Filter, name: string): Filter['syscalls'] {
  return filter.syscalls.filter(({ names }) => names.includes(name));
}

test('the default refuses with EPERM what it does not name', () => {
  const filter = resolve();
  assert.deepEqual([filter.defaultAction, filter.defaultErrnoRet], ['SCMP_ACT_ERRNO', 1]);
  assert.deepEqual(filter.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  for (const name of ['read', 'openat2', 'chroot', 'statmount', 'ptrace', 'arch_prctl'])
    assert.equal(rulesOf(filter, name)[0]?.action, 'SCMP_ACT_ALLOW', name);
  for (const name of [
    'mount',
    'io_uring_setup',
    'keyctl',
    'add_key',
    'bpf',
    'unshare',
    'reboot',
    'kexec_load',
    'userfaultfd',
    'set_tls',
  ])
    assert.deepEqual(rulesOf(filter, name), [], name);
});

test('no call is named twice in one rule', () => {
  for (const { names } of resolve().syscalls) assert.equal(new Set(names).size, names.length);
});

test('clone makes no namespaces, clone3 says it is not there', () => {
  const filter = resolve();
  assert.deepEqual(rulesOf(filter, 'clone'), [
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 0x7e020000, op: 'SCMP_CMP_MASKED_EQ' }],
    },
  ]);
  assert.deepEqual(rulesOf(filter, 'clone3'), [
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
  ]);
});

test('a capability opens its calls', () => {
  const filter = resolve('default', ALL_CAPABILITIES);
  for (const name of ['mount', 'unshare', 'bpf', 'reboot', 'clone3'])
    assert.deepEqual(rulesOf(filter, name)[0]?.args, undefined, name);
  assert.equal(rulesOf(filter, 'clone3').length, 1);
  assert.equal(rulesOf(resolve('default', ['CAP_SYS_NICE']), 'mbind').length, 1);
});

test('sockets of the crypto and hypervisor families are refused', () => {
  const args = rulesOf(resolve(), 'socket').flatMap((rule) => rule.args ?? []) as {
    value: number;
    op: string;
  }[];
  const allowed = (family: number): boolean =>
    args.some(({ value, op }) =>
      op === 'SCMP_CMP_LT' ? family < value : op === 'SCMP_CMP_EQ' ? family === value : family > value,
    );
  assert.deepEqual(
    [1, 2, 10, 16, 37, 38, 39, 40, 41].filter((family) => !allowed(family)),
    [38, 40],
  );
});

test('architecture and kernel decide', () => {
  const arm = resolve('default', DEFAULT_CAPABILITIES, {
    architecture: 'arm64',
    kernel: { major: 4, minor: 7 },
  });
  assert.deepEqual(arm.architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  assert.equal(rulesOf(arm, 'set_tls').length, 1);
  assert.equal(rulesOf(arm, 'ptrace').length, 0);
  assert.equal(rulesOf(arm, 'arch_prctl').length, 0);
});

test('a profile of the caller, unconfined, and profiles that are none', () => {
  assert.equal(resolveSeccomp('unconfined', [], HOST), undefined);
  assert.deepEqual(
    resolve({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ name: 'mkdir', action: 'SCMP_ACT_ERRNO', args: [], includes: {}, excludes: {} }],
    }),
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
    },
  );
  const bad = [
    {},
    { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['a'], archMap: [{ architecture: 'b' }] },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: 'x' },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['a'] }] },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ name: 'a', names: ['a'], action: 'x' }] },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: 'a', action: 'x' }] },
  ];
  for (const profile of bad) assert.throws(() => resolve(profile), { code: 'SECCOMP_PROFILE_INVALID' });
});
