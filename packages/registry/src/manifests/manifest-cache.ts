/** Up to this size a manifest is kept as text: Node sends head and body of a text with one write instead of two. */
const TEXT_MAX_BYTES = 64 * 1024;

/** Bytes, or the same bytes as text of one character each (latin1). */
export type ManifestBody = Uint8Array | string;

/** Manifests by digest, the least lately used out first. A digest never means other bytes, so nothing gets stale. */
export class ManifestCache {
  readonly #capacityBytes: number;
  readonly #entries = new Map<string, ManifestBody>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get(digest: string): ManifestBody | undefined {
    const body = this.#entries.get(digest);
    if (body === undefined) return undefined;
    // A Map keeps the order of insertion: setting it anew makes it the youngest.
    this.#entries.delete(digest);
    this.#entries.set(digest, body);
    return body;
  }

  /** @returns what is kept and what to send */
  set(digest: string, bytes: Uint8Array): ManifestBody {
    const known = this.#entries.get(digest);
    if (known !== undefined) return known;
    const body = bytes.byteLength > TEXT_MAX_BYTES ? bytes : Buffer.from(bytes).toString('latin1');
    if (body.length > this.#capacityBytes / 4) return body;
    this.#entries.set(digest, body);
    this.#bytes += body.length;
    for (const [oldest, held] of this.#entries) {
      if (this.#bytes <= this.#capacityBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= held.length;
    }
    return body;
  }
}
