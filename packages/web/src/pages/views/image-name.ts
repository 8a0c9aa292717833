/** What a client on another machine calls the image: the host this page came from, then the repository. */
export function imageName(namespace: string, name: string): string {
  return `${location.host}/${namespace}/${name}`;
}

/** `sha256:0123456789ab…`: enough to tell images apart on a page; the whole one is in the title. */
export function shortDigest(digest: string): string {
  const [algorithm, hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, 12)}`;
}
