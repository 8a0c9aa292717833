export type TrustClient = 'docker' | 'podman' | 'curl';

export interface TrustLine {
  readonly client: TrustClient;
  readonly command: string;
}

/** Commands that make clients of this machine trust the local authority for one `host:port`. */
export function trustLines(options: {
  readonly authorityPath: string;
  readonly url: string;
  /** Whether the reader is root and needs no `sudo`. */
  readonly isRoot: boolean;
}): TrustLine[] {
  const { authorityPath, url, isRoot } = options;
  const { host, protocol } = new URL(url);
  if (protocol !== 'https:') return [];
  const ca = shellQuote(authorityPath);
  const install = (folder: string) =>
    `${isRoot ? '' : 'sudo '}install -D -m 644 ${ca} ${folder}/${host}/ca.crt`;
  return [
    { client: 'docker', command: install('/etc/docker/certs.d') },
    // podman, skopeo and buildah read the same place.
    { client: 'podman', command: install('/etc/containers/certs.d') },
    { client: 'curl', command: `curl --cacert ${ca} ${url}/v2/` },
  ];
}

/** As one word of a line to paste into a shell. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
