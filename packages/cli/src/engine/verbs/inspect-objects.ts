import { isApiError } from '../client/api-error.ts';
import { bool } from '../flags/flag.ts';
import type { Flag } from '../flags/interface.ts';
import { indentJson } from '../format/indent-json.ts';
import { part } from './each.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';

export type ObjectKind = 'container' | 'image' | 'network' | 'volume';

export const SIZE_FLAG: Flag = bool('s, size', 'Display total file sizes if the type is container');
/** In inspections the letter is free. */
export const FORMAT_FLAG: Flag = {
  name: 'format',
  short: 'f',
  kind: 'text',
  value: 'format',
  description: 'How answers are printed: text or json (one line)',
};

export const inspectContainers = inspectKind('container', [FORMAT_FLAG, SIZE_FLAG]);
export const inspectImages = inspectKind('image', [FORMAT_FLAG]);
export const inspectNetworks = inspectKind('network', [FORMAT_FLAG]);
export const inspectVolumes = inspectKind('volume', [FORMAT_FLAG]);

function inspectKind(kind: ObjectKind, flags: readonly Flag[]): Verb {
  const word = kind.toUpperCase();
  return {
    usage: `${word} [${word}...]`,
    description: `Display detailed information on one or more ${kind}s`,
    flags,
    args: [1],
    async run(call) {
      const found: string[] = [];
      const errors: string[] = [];
      const hasSize = flags.includes(SIZE_FLAG) && call.flags.bool('size');
      for (const name of call.args) {
        try {
          const text = await objectJson(call, { kind, name, hasSize });
          found.push(kind === 'volume' ? inAlphabet(text) : text);
        } catch (error) {
          if (!isApiError(error)) throw error;
          errors.push(error.words);
        }
      }
      printObjects(call, found);
      if (errors.length > 0) throw new VerbError(errors.join('\n'));
    },
  };
}

/** What the engine knows of one thing, as it wrote it. @throws {ApiError} 404 */
export async function objectJson(
  { api }: Pick<VerbCall, 'api'>,
  { kind, name, hasSize }: { readonly kind: ObjectKind; readonly name: string; readonly hasSize: boolean },
): Promise<string> {
  const path = {
    container: `/containers/${part(name)}/json`,
    image: `/images/${part(name)}/json`,
    network: `/networks/${part(name)}`,
    volume: `/volumes/${part(name)}`,
  }[kind];
  const text = await api.text({ path, query: { size: hasSize } });
  return text.trim();
}

/** A JSON list: indented, or in one line with `--format json`. */
export function printObjects({ out }: Pick<VerbCall, 'out'>, objects: readonly string[]): void {
  const text = `[${objects.join(',')}]`;
  out.json(out.isJson ? text : indentJson(text, { indent: '    ' }));
}

/** `docker volume inspect` writes a type of its own, whose fields are in this order. */
function inAlphabet(text: string): string {
  const volume = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(Object.entries(volume).sort(([a], [b]) => (a < b ? -1 : 1))));
}
