import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { digestBytes } from '@berth/oci';
import { type RandomImage, type RandomIndex, randomImage, randomIndex } from '@berth/oci/testing';
import { type CopyEvent, copyImage, openRemote } from '@berth/transfer';
import { sourceOf, sourceOfIndex } from '@berth/transfer/testsuite';
import { type RegistryServer, startRegistryServer } from '../transfer/registry-server.ts';
import { newUser } from './run-berth.ts';

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

let server: RegistryServer;
let image: RandomImage;
let index: RandomIndex;
let app: string;

before(async () => {
  server = await startRegistryServer();
  image = await randomImage({ seed: 'cli', layers: 3 });
  index = await randomIndex({ seed: 'cli index', platforms: PLATFORMS });
  app = `${server.host}/team/app`;
  await using sink = await openRemote({ registry: server.host, repository: 'team/app', access: 'push' });
  await copyImage(sourceOf({ v: image }), sink, { tags: ['v1', 'v2'] });
  await copyImage(sourceOfIndex(index, 'all'), sink, { tags: ['multi'] });
});
after(() => server[Symbol.asyncDispose]());

async function digestOf(repository: string, reference: string): Promise<string> {
  await using remote = await openRemote({ registry: server.host, repository });
  return (await remote.resolve(reference)).digest;
}

test('berth copy goes from registry to layout to registry, and the digest stays', async () => {
  await using user = await newUser();
  const there = await user.berth(['copy', `${app}:v1`, 'oci:image']);
  assert.equal(there.code, 0, there.stderr);
  assert.match(there.stdout, new RegExp(`^oci:.*/image:v1  .* moved\\n  ${image.descriptor.digest}\\n$`));
  assert.match(there.stderr, /^[0-9a-f]{12} {2}copied {2}/, 'plain lines in a pipe');
  assert.deepEqual(await readdir(user.home).then((names) => names.filter((name) => name === 'image')), [
    'image',
  ]);
  const back = await user.berth(['copy', 'oci:image:v1', `docker://${server.host}/team/back:x`, '--quiet']);
  assert.deepEqual([back.code, back.stderr], [0, '']);
  assert.equal(await digestOf('team/back', 'x'), image.descriptor.digest);
});

test('berth copy within a registry moves no bytes', async () => {
  await using user = await newUser();
  const { code, stdout } = await user.berth(['copy', `${app}:v1`, `${server.host}/team/second`]);
  assert.deepEqual(
    [code, stdout],
    [0, `${server.host}/team/second:v1  nothing had to be moved\n  ${image.descriptor.digest}\n`],
  );
});

test('berth copy --format json gives the events as lines, and the result at the end', async () => {
  await using user = await newUser();
  const { code, stdout, stderr } = await user.berth([
    '--format',
    'json',
    'copy',
    `${app}:v1`,
    'oci:image:mine',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CopyEvent | { type: 'copied'; tag: string });
  assert.equal(lines[0]?.type, 'resolved');
  assert.equal(lines.filter(({ type }) => type === 'blob.done').length, 4);
  const last = lines.at(-1);
  assert.deepEqual([last?.type, last !== undefined && 'tag' in last ? last.tag : ''], ['copied', 'mine']);
});

test('berth copy takes an index whole, or one platform of it', async () => {
  await using user = await newUser();
  assert.equal((await user.berth(['copy', `${app}:multi`, 'oci:whole'])).code, 0);
  const whole = (await user.json(['inspect', 'oci:whole'])) as { descriptor: { digest: string } };
  assert.equal(whole.descriptor.digest, index.descriptor.digest);
  assert.equal((await user.berth(['copy', `${app}:multi`, 'oci:one', '--platform', 'linux/arm64'])).code, 0);
  const one = (await user.json(['inspect', 'oci:one'])) as { descriptor: { digest: string } };
  assert.equal(one.descriptor.digest, index.images[1]?.descriptor.digest);
  const none = await user.berth(['copy', `${app}:multi`, 'oci:none', '--platform', 'linux/s390x']);
  assert.deepEqual([none.code, /Choose one of linux\/amd64, linux\/arm64/.test(none.stderr)], [1, true]);
  assert.equal((await readdir(user.home)).includes('none'), false, 'nothing half-made stays');
});

test('berth copy names a docker-archive’s image as the source is named, or as asked', async () => {
  await using user = await newUser();
  assert.equal((await user.berth(['copy', `${app}:v1`, 'docker-archive:a.tar'])).code, 0);
  assert.equal((await user.berth(['tags', 'docker-archive:a.tar'])).stdout, 'v1\n');
  assert.equal(
    (await user.berth(['copy', 'docker-archive:a.tar', `docker-archive:b.tar:example.org/x/y:z`])).code,
    0,
  );
  const { config } = (await user.json(['inspect', 'docker-archive:b.tar:example.org/x/y:z'])) as {
    config: object;
  };
  assert.deepEqual(config, image.config);
  assert.equal((await user.berth(['copy', 'docker-archive:b.tar', `${server.host}/team/loaded:z`])).code, 0);
  const multi = await user.berth(['copy', `${app}:multi`, 'docker-archive:c.tar', '--platform', 'all']);
  assert.equal(multi.code, 1);
  assert.deepEqual(
    (await readdir(user.home)).filter((name) => name.includes('c.tar')),
    [],
  );
});

test('berth copy --all-tags copies every one', async () => {
  await using user = await newUser();
  assert.equal((await user.berth(['copy', '--all-tags', app, 'oci:all'])).code, 0);
  assert.equal((await user.berth(['tags', 'oci:all'])).stdout, 'multi\nv1\nv2\n');
  const refused = await user.berth(['copy', '--all-tags', `${app}:v1`, 'oci:all']);
  assert.equal(refused.code, 2);
});

test('berth copy says what was wrong with which value', async () => {
  await using user = await newUser();
  const cases: [string[], number, RegExp][] = [
    [['copy', `${app}:none`, 'oci:x'], 1, /Cannot find manifest "none".*MANIFEST_UNKNOWN/],
    [['copy', `${server.host}/team/APP`, 'oci:x'], 1, /upper case/],
    [['copy', 'dir:/x', 'oci:x'], 1, /"dir" is no kind of place/],
    [['copy', `${app}:v1`], 2, /Missing required argument 'target'/],
    [['copy', `${app}:v1`, `${app}@${image.descriptor.digest}`], 2, /a digest names what is there already/],
    [['copy', `${app}:v1`, 'oci:x', '--jobs', '0'], 2, /from 1 to 32/],
    [['copy', `${app}:v1`, 'oci:x', '--platform', 'amiga'], 1, /Cannot read platform "amiga"/],
    [['copy', 'oci:nowhere', 'oci:x'], 1, /there is no oci-layout/],
    [['copy', 'docker-archive:nowhere.tar', 'oci:x'], 1, /nowhere.tar": it is not there/],
    [['copy', `${app}:v1`, 'docker-archive:/proc/no/x.tar'], 1, /Cannot write "\/proc\/no\/x.tar"/],
  ];
  for (const [args, code, said] of cases) {
    const result = await user.berth(args);
    assert.equal(result.code, code, args.join(' '));
    assert.match(result.stderr, said);
    assert.equal(result.stderr.startsWith('berth: '), true);
    assert.equal(result.stdout, '');
  }
  assert.deepEqual(
    (await readdir(user.home)).filter((name) => name === 'x'),
    [],
  );
});

test('berth inspect shows manifest, config, layers and platforms; --raw the bytes', async () => {
  await using user = await newUser();
  const text = (await user.berth(['inspect', `${app}:v1`])).stdout;
  for (const part of [
    `Digest:       ${image.descriptor.digest}`,
    'Platform:     linux/amd64',
    'MADE BY',
    'layer 0',
    'seed=cli',
  ]) {
    assert.ok(text.includes(part), `${part} in\n${text}`);
  }
  const multi = (await user.berth(['inspect', `${app}:multi`])).stdout;
  assert.match(multi, /PLATFORM +SIZE +LAYERS +DIGEST\nlinux\/amd64 .+ sha256:/);
  const raw = (await user.berth(['inspect', '--raw', `${app}:v1`])).stdout;
  assert.equal(digestBytes(raw), image.descriptor.digest);
  const config = (
    await user.berth(['inspect', '--image-config', '--platform', 'linux/arm64', `${app}:multi`])
  ).stdout;
  assert.equal(digestBytes(config), index.images[1]?.manifest.config.digest);
  assert.equal((await user.berth(['inspect', '--image-config', `${app}:multi`])).code, 2);
  const report = (await user.json(['inspect', `${app}:v1`])) as { manifest: object; config: object };
  assert.deepEqual([report.manifest, report.config], [image.manifest, image.config]);
});

test('berth tags prints one per line', async () => {
  await using user = await newUser();
  assert.equal((await user.berth(['tags', app])).stdout, 'multi\nv1\nv2\n');
  assert.deepEqual(await user.json(['tags', app]), { repository: app, tags: ['multi', 'v1', 'v2'] });
  const unknown = await user.berth(['tags', `${server.host}/team/unknown`]);
  assert.deepEqual([unknown.code, /NAME_UNKNOWN/.test(unknown.stderr)], [1, true]);
});

test('berth completion prints what bash can source', async () => {
  await using user = await newUser();
  const { code, stdout } = await user.berth(['completion', 'bash']);
  assert.equal(code, 0);
  assert.match(stdout, /complete -o filenames -F _berth berth\n$/);
  assert.match((await user.berth(['completion', 'fish'])).stderr, /Allowed choices are bash, zsh/);
});
