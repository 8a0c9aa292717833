import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianImage } from '../lab/debian-image.ts';
import { startDockerd } from '../lab/dockerd.ts';
import type { Account } from '../lab/hub.ts';
import type { Lab } from '../lab/peers.ts';

export interface RoundTripOptions {
  /** `host[:port]` as it stands in image names. */
  readonly host: string;
  readonly account: Account;
  /** Where the clients run; the machine's own network when left out. */
  readonly netns?: number;
  /** Plain HTTP: podman and skopeo ask for a flag, dockerd takes loopback without one. */
  readonly isPlain?: boolean;
  /** As what podman pushes: OCI, or Docker's schema 2. A layout is always OCI, so its digest is then its own. */
  readonly format?: 'oci' | 'v2s2';
}

/** What each client said that the image is. */
export interface SeenDigests {
  readonly podmanPushed: string;
  readonly skopeoSource: string;
  readonly skopeoCopy: string;
  readonly dockerPulled: string;
  readonly layout: string;
  /** Digests of the layers at the source and in the copied layout. */
  readonly layers: readonly [readonly string[], readonly string[]];
  readonly configs: readonly [string, string];
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/**
 * A Debian image goes round: pushed by podman, copied by skopeo, pulled by Debian's dockerd, copied to a layout
 * and unpacked by umoci, which gives the files of the root filesystem that went in.
 */
export async function roundTrip(lab: Lab, options: RoundTripOptions): Promise<SeenDigests> {
  const { host, account } = options;
  const where = options.netns === undefined ? {} : { netns: options.netns };
  const work = await mkdtemp(join(tmpdir(), 'berth-trip-'));
  try {
    const image = await debianImage(lab);
    const [first, copy] = [`${host}/${account.username}/debian:12`, `${host}/${account.username}/copy:12`];
    const format = options.format ?? 'oci';
    const plain = (flag: string) => (options.isPlain === true ? [flag] : []);

    await lab.must('skopeo', [
      'copy',
      `oci:${image.layout}:debian`,
      'containers-storage:localhost/debian:12',
    ]);
    await lab.must(
      'podman',
      ['login', ...plain('--tls-verify=false'), '--username', account.username, '--password-stdin', host],
      {
        ...where,
        input: account.password,
      },
    );
    const digestFile = join(work, 'digest');
    await lab.must(
      'podman',
      [
        'push',
        ...plain('--tls-verify=false'),
        ...['--quiet', '--format', format, '--digestfile', digestFile, 'localhost/debian:12', first],
      ],
      where,
    );
    const podmanPushed = (await readFile(digestFile, 'utf8')).trim();

    const bothPlain = [...plain('--src-tls-verify=false'), ...plain('--dest-tls-verify=false')];
    await lab.must('skopeo', ['copy', ...bothPlain, `docker://${first}`, `docker://${copy}`], where);
    const inspect = async (name: string, ...flags: string[]): Promise<string> =>
      await lab.must(
        'skopeo',
        ['inspect', ...plain('--tls-verify=false'), ...flags, `docker://${name}`],
        where,
      );
    const skopeoSource = JSON.parse(await inspect(first)).Digest as string;
    const skopeoCopy = JSON.parse(await inspect(copy)).Digest as string;
    const source = JSON.parse(await inspect(first, '--raw')) as Manifest;

    const dockerPulled = await pullWithDocker(lab, { ...options, image: copy });

    const layout = join(work, 'layout');
    await lab.must(
      'skopeo',
      ['copy', ...plain('--src-tls-verify=false'), `docker://${copy}`, `oci:${layout}:debian`],
      where,
    );
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
    const copied = JSON.parse(await readBlob(layout, index.manifests[0].digest)) as Manifest;
    await lab.must('umoci', ['unpack', '--image', `${layout}:debian`, join(work, 'bundle')]);
    await assertSameFiles(lab, { tar: image.tar, rootfs: join(work, 'bundle/rootfs') });
    return {
      ...{ podmanPushed, skopeoSource, skopeoCopy, dockerPulled },
      layout: index.manifests[0].digest,
      layers: [source.layers.map((one) => one.digest), copied.layers.map((one) => one.digest)],
      configs: [source.config.digest, copied.config.digest],
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Every digest that any client told must be the one and same. */
export function assertOneDigest(seen: SeenDigests, options: { readonly isConverted?: boolean } = {}): void {
  const { layers, configs, layout, ...clients } = seen;
  const digests = options.isConverted === true ? clients : { ...clients, layout };
  assert.match(seen.podmanPushed, /^sha256:[0-9a-f]{64}$/);
  for (const [who, digest] of Object.entries(digests)) assert.equal(digest, seen.podmanPushed, who);
  assert.deepEqual(layers[0], layers[1]);
  assert.equal(configs[0], configs[1]);
}

/** Trusts an authority for one registry the way docker's and podman's manuals say, inside the lab. */
export async function trustAuthority(
  lab: Lab,
  options: { readonly host: string; readonly pem: string },
): Promise<void> {
  for (const folder of ['docker', 'containers']) {
    const certs = join(lab.state, 'etc', folder, 'certs.d', options.host);
    await mkdir(certs, { recursive: true });
    await lab.must('sh', ['-c', `cat > '/etc/${folder}/certs.d/${options.host}/ca.crt'`], {
      input: options.pem,
    });
  }
}

async function pullWithDocker(
  lab: Lab,
  options: RoundTripOptions & { readonly image: string },
): Promise<string> {
  await using docker = await startDockerd(lab, options.netns === undefined ? {} : { netns: options.netns });
  const { account, host, image } = options;
  await docker.docker(['login', '--username', account.username, '--password', account.password, host]);
  await docker.docker(['pull', '--quiet', image]);
  const [shown] = JSON.parse(await docker.docker(['image', 'inspect', image]));
  return shown.RepoDigests[0].split('@')[1];
}

async function readBlob(layout: string, digest: string): Promise<string> {
  return await readFile(join(layout, 'blobs', digest.replace(':', '/')), 'utf8');
}

async function assertSameFiles(
  lab: Lab,
  options: { readonly tar: string; readonly rootfs: string },
): Promise<void> {
  const listed = await lab.must('tar', ['--list', '--file', options.tar]);
  const found = await lab.must('sh', ['-c', 'cd "$0" && find . -mindepth 1', options.rootfs]);
  const clean = (text: string) =>
    text
      .split('\n')
      .map((line) => line.replace(/^\.\//, '').replace(/\/$/, ''))
      .filter((line) => line !== '' && line !== '.')
      .sort();
  assert.deepEqual(clean(found), clean(listed));
}
