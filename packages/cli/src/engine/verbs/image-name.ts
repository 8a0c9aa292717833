/** `name[:tag][@digest]` taken apart by its marks alone; what is right in it the engine knows. */
export function splitTag(reference: string): {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
} {
  const [before = '', digest] = reference.split('@', 2);
  const colon = before.indexOf(':', before.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? before : before.slice(0, colon),
    ...(colon < 0 ? {} : { tag: before.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** With `latest` where neither a tag nor a digest is given. */
export function withLatest(reference: string): string {
  const { tag, digest } = splitTag(reference);
  return tag === undefined && digest === undefined ? `${reference}:latest` : reference;
}
