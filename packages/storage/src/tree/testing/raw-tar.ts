/** Tars by hand, for what no writer of ours would write. */
export interface RawEntry {
  readonly type: string;
  readonly name: string;
  readonly content?: Buffer;
}

export function rawTar(entries: readonly RawEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { type, name, content = Buffer.alloc(0) } of entries) {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write('0000644\0' + '0000000\0' + '0000000\0', 100);
    block.write(`${content.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124);
    block.write(type, 156);
    block.write('ustar\x0000', 257);
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(block, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
