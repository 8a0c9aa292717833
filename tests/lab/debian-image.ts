import { join } from 'node:path';
import { cachedFolder } from './cached.ts';
import type { Lab } from './peers.ts';

/** A real Debian 12, as files of the cache. */
export interface DebianImage {
  /** The root filesystem as mmdebstrap wrote it. */
  readonly tar: string;
  /** OCI layout; the image's name in it is `debian`. */
  readonly layout: string;
  /** docker-archive; the image's name in it is `localhost/debian:12`. */
  readonly archive: string;
}

const EPOCH = '1700000000';

/** Made by mmdebstrap at the first call (about half a minute), then kept. */
export async function debianImage(lab: Lab): Promise<DebianImage> {
  const folder = await cachedFolder(`debian-bookworm-${process.arch}-1`, async (staging) => {
    const tar = join(staging, 'root.tar');
    await lab.must('mmdebstrap', ['--mode=root', '--variant=essential', '--format=tar', 'bookworm', tar], {
      env: { SOURCE_DATE_EPOCH: EPOCH },
    });
    const name = 'localhost/debian:12';
    await lab.must('podman', ['import', '--change', 'CMD ["/bin/bash"]', tar, name]);
    await lab.must('podman', ['push', '--quiet', name, `oci:${join(staging, 'layout')}:debian`]);
    await lab.must('podman', [
      'save',
      '--quiet',
      '--format',
      'docker-archive',
      '--output',
      join(staging, 'archive.tar'),
      name,
    ]);
    await lab.must('podman', ['rmi', '--force', name]);
  });
  return {
    tar: join(folder, 'root.tar'),
    layout: join(folder, 'layout'),
    archive: join(folder, 'archive.tar'),
  };
}
