import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig } from '@berth/oci';
import { applyChanges } from './apply-changes.ts';

const cases: readonly (readonly [change: string, expected: object, before?: ContainerConfig])[] = [
  ['CMD ["a", "b"]', { Cmd: ['a', 'b'] }],
  ['CMD echo "hello world"', { Cmd: ['/bin/sh', '-c', 'echo "hello world"'] }],
  [
    'CMD echo',
    { Shell: ['/bin/bash', '-c'], Cmd: ['/bin/bash', '-c', 'echo'] },
    { Shell: ['/bin/bash', '-c'] },
  ],
  ['CMD []', { Cmd: [] }, { Cmd: ['x'] }],
  ["CMD ['a']", { Cmd: ['/bin/sh', '-c', "['a']"] }],
  ['ENTRYPOINT ["/run"]', { Entrypoint: ['/run'] }, { Cmd: ['old'] }],
  ['CMD new\nENTRYPOINT ["/run"]', { Cmd: ['/bin/sh', '-c', 'new'], Entrypoint: ['/run'] }, { Cmd: ['old'] }],
  ['ENV a=1 b="2 3" c=4\\ 5', { Env: ['a=1', 'b=2 3', 'c=4 5'] }],
  ['ENV PATH=/opt:$PATH', { Env: ['PATH=/opt:/bin', 'X=1'] }, { Env: ['PATH=/bin', 'X=1'] }],
  ['ENV a=1 b=$a', { Env: ['a=1', 'b='] }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of a Dockerfile
  ['ENV a=1\nENV b=${a}2 c=${none:-d} e=${a:+set}', { Env: ['a=1', 'b=12', 'c=d', 'e=set'] }],
  ["ENV a='$b' c=\\$d", { Env: ['a=$b', 'c=$d'] }],
  ['ENV name several words', { Env: ['name=several words'] }],
  [
    'EXPOSE 80 53/udp 8000-8002',
    { ExposedPorts: ports('80/tcp', '53/udp', '8000/tcp', '8001/tcp', '8002/tcp') },
  ],
  ['expose 80', { ExposedPorts: ports('80/tcp') }],
  ['LABEL a="b c" d=e', { Labels: { a: 'b c', d: 'e' } }],
  ['LABEL a=2', { Labels: { a: '2', b: 'x' } }, { Labels: { a: '1', b: 'x' } }],
  ['ONBUILD RUN make $x', { OnBuild: ['RUN make $x'] }],
  ['STOPSIGNAL SIGUSR1', { StopSignal: 'SIGUSR1' }],
  ['STOPSIGNAL 9', { StopSignal: '9' }],
  ['USER nobody:nogroup', { User: 'nobody:nogroup' }],
  ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['WORKDIR /a\nWORKDIR b/../c', { WorkingDir: '/a/c' }],
  ['WORKDIR x', { WorkingDir: '/x' }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f http://x',
    { Healthcheck: { Test: ['CMD-SHELL', 'curl -f http://x'], Interval: 90e9, Retries: 3 } },
  ],
  [
    'HEALTHCHECK --start-period=5s --timeout=500ms CMD ["/check"]',
    { Healthcheck: { Test: ['CMD', '/check'], StartPeriod: 5e9, Timeout: 5e8 } },
  ],
  ['LABEL a=1 \\\n  b=2\n# a comment\n\nUSER x', { Labels: { a: '1', b: '2' }, User: 'x' }],
];

function ports(...names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

for (const [change, expected, before = {}] of cases) {
  test(`applyChanges() takes ${JSON.stringify(change)}`, () => {
    const given: ContainerConfig = structuredClone(before);
    assert.deepEqual(applyChanges(given, [change]), expected);
    assert.deepEqual(given, before);
  });
}

const refusals: readonly (readonly [change: string, message: string])[] = [
  ['FROM debian', 'FROM is not a valid change command'],
  ['toString x', 'toString is not a valid change command'],
  ['ENV a', 'ENV must have two arguments'],
  ['ENV a=b c', 'Syntax error - can\'t find = in "c". Must be of the form: name=value'],
  ['ENV =b', 'ENV names can not be blank'],
  ['ENV a="b', 'unexpected end of statement while looking for matching double-quote'],
  ['ENV a=${b', 'unexpected end of statement while looking for "}"'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of a Dockerfile
  ['ENV a=${b#x}', 'unsupported modifier in "${b#x}"'],
  ['EXPOSE 70000', 'invalid containerPort: 70000'],
  ['EXPOSE 80/icmp', 'invalid proto: icmp'],
  ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
  ['STOPSIGNAL SIGNOPE', 'invalid signal: SIGNOPE'],
  ['USER', 'USER requires exactly one argument'],
  ['USER a b', 'USER requires exactly one argument'],
  ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
  ['VOLUME', 'VOLUME requires at least one argument'],
  ['WORKDIR', 'WORKDIR requires exactly one argument'],
  ['HEALTHCHECK', 'HEALTHCHECK requires an argument'],
  ['HEALTHCHECK RUN x', 'Unknown type "RUN" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
  ['HEALTHCHECK --nope=1 CMD x', 'Unknown flag: nope'],
  ['HEALTHCHECK --interval=1 CMD x', 'time: invalid duration "1"'],
];

for (const [change, message] of refusals) {
  test(`applyChanges() refuses ${JSON.stringify(change)}`, () => {
    assert.throws(() => applyChanges({}, [change]), { code: 'CONFIG_REFUSED', message });
  });
}
