/** Manifest bytes by digest, the least lately used out first. A digest never means other bytes, so nothing gets stale. */
export class ManifestCache {
  readonly #capacityBytes: number;
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get(digest: string): Uint8Array | undefined {
    const bytes = this.#entries.get(digest);
    if (bytes === undefined) return undefined;
    // A Map keeps the order of insertion: setting it anew makes it the youngest.
    this.#entries.delete(digest);
    this.#entries.set(digest, bytes);
    return bytes;
  }

  set(digest: string, bytes: Uint8Array): void {
    if (bytes.byteLength > this.#capacityBytes / 4 || this.#entries.has(digest)) return;
    this.#entries.set(digest, bytes);
    this.#bytes += bytes.byteLength;
    for (const [oldest, held] of this.#entries) {
      if (this.#bytes <= this.#capacityBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= held.byteLength;
    }
  }
}
