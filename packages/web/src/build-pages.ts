import { fileURLToPath } from 'node:url';
import { WebError } from './errors.ts';

export interface BuiltPages {
  /** By path below the folder, with `/`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const ROOT = fileURLToPath(new URL('./pages/', import.meta.url));

/** Builds the pages with Vite, in memory. Vite is only loaded where it is needed: it costs 60 MB. */
export async function buildPages(): Promise<BuiltPages> {
  const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')]);
  try {
    const result = await build({
      root: ROOT,
      configFile: false,
      envFile: false,
      logLevel: 'silent',
      plugins: [react()],
      build: { write: false, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022' },
    });
    const files = new Map<string, Uint8Array>();
    for (const one of Array.isArray(result) ? result : [result]) {
      if (!('output' in one)) continue;
      for (const part of one.output) {
        files.set(part.fileName, Buffer.from(part.type === 'chunk' ? part.code : part.source));
      }
    }
    return { files };
  } catch (cause) {
    throw new WebError('PAGES_BUILD_FAILED', `Cannot build the pages in "${ROOT}"`, {
      hint: 'Run "npm ci" in the clone and start again',
      cause,
    });
  }
}
