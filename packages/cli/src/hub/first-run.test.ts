import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readyText, stepLine } from './first-run.ts';
import type { HubReport } from './report.ts';

const REPORT: HubReport = {
  version: '0.1.0',
  pid: 1,
  url: 'http://localhost:5000',
  localUrl: 'http://localhost:5000',
  dataFolder: '/var/lib/berth/hub',
  freeBytes: 78_900_000_000,
  user: 'berth (uid 998)',
  setupLink: 'http://localhost:5000/setup?code=abc',
  authorityPath: null,
  trust: [],
};
const options = { language: 'en', clients: [], folder: '/src/berth' } as const;

/** Lines that are there to be pasted. */
function pasteLines(text: string): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith('    ') ? [line.trim()] : []));
}

describe('readyText()', () => {
  it('says where the Hub is, how to make the first account, where the data lies and what to try', () => {
    const text = readyText(REPORT, options);
    assert.match(text, /Your Hub +http:\/\/localhost:5000\n/);
    assert.match(text, /First account +http:\/\/localhost:5000\/setup\?code=abc\n/);
    assert.match(text, /^ {2}That link works once/m);
    assert.match(text, /\/var\/lib\/berth\/hub \(78\.9 GB free, runs as berth \(uid 998\)\)/);
    assert.deepEqual(pasteLines(text), [
      'npx berth tags localhost:5000/library/hello',
      'npx berth copy localhost:5000/library/hello oci:./hello',
      'npx berth login localhost:5000',
      'npx berth copy localhost:5000/library/hello localhost:5000/library/first',
    ]);
  });

  it('quotes a path for the shell that the lines are pasted into', () => {
    const authorityPath = "/home/a user/it's; here/ca.crt";
    const text = readyText({ ...REPORT, url: 'https://localhost:5000', authorityPath }, options);
    assert.equal(
      pasteLines(text)[0],
      "BERTH_REGISTRY_CA='/home/a user/it'\\''s; here/ca.crt' npx berth tags localhost:5000/library/hello",
    );
  });

  it('prints lines of clients only where they are installed', () => {
    const lines = pasteLines(readyText(REPORT, { ...options, clients: ['podman', 'skopeo'] })).join('\n');
    assert.match(lines, /^podman pull --tls-verify=false localhost:5000\/library\/hello$/m);
    assert.match(lines, /^skopeo inspect --tls-verify=false docker:\/\/localhost:5000\/library\/hello$/m);
    assert.doesNotMatch(lines, /docker pull/);
  });

  it('has no set-up link and no push lines once there is an account', () => {
    const text = readyText({ ...REPORT, setupLink: null }, options);
    assert.doesNotMatch(text, /setup|login/);
  });

  it('tells how to trust a local authority, and uses it in its own lines', () => {
    const trust = [
      { client: 'docker', command: 'install docker' },
      { client: 'podman', command: 'install podman' },
      { client: 'curl', command: 'curl it' },
    ] as const;
    const report = { ...REPORT, url: 'https://hub.example:5000', authorityPath: '/d/ca.crt', trust };
    const lines = pasteLines(readyText(report, { ...options, clients: ['skopeo'] }));
    assert.ok(
      lines.includes('install podman') && lines.includes('curl it') && !lines.includes('install docker'),
    );
    assert.ok(lines.includes('BERTH_REGISTRY_CA=/d/ca.crt npx berth tags hub.example:5000/library/hello'));
    assert.ok(lines.includes('skopeo inspect docker://hub.example:5000/library/hello'));
  });

  it('speaks Chinese with the same lines to paste', () => {
    const text = readyText(REPORT, { ...options, language: 'zh' });
    assert.match(text, /Hub 地址 +http/);
    assert.deepEqual(pasteLines(text), pasteLines(readyText(REPORT, options)));
  });
});

describe('stepLine()', () => {
  it('lines times up in both languages', () => {
    assert.equal(stepLine('databases', { ms: 123, language: 'en' }), '  Databases      0.12 s');
    assert.equal(stepLine('databases', { ms: 123, language: 'zh' }), '  数据库         0.12 秒');
  });
});
