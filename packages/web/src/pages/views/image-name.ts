/** What a client on another machine calls the image: the host this page came from, then the repository. */
export function imageName(namespace: string, name: string): string {
  return `${location.host}/${namespace}/${name}`;
}
