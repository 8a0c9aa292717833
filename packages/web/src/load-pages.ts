import { createHash } from 'node:crypto';
import { buildPages } from './build-pages.ts';
import { readBuilt, writeBuilt } from './built-folder.ts';
import { contentTypeOf } from './content-type.ts';

/** One file of the pages, ready to be sent. */
export interface PageFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
  readonly cacheControl: string;
}

export interface Pages {
  /** @param pathname as in the URL, `/assets/index-3f2a.js`; `undefined` where there is no such file */
  file(pathname: string): PageFile | undefined;
  /** The document that every page of the Hub begins with; the browser finds the view by the address. */
  readonly shell: PageFile;
}

/**
 * All pages in memory: built from their sources when that has not been done since they changed, else read.
 * Nothing is read from disk afterwards, so the process may give up the right to.
 *
 * @throws {WebError} `PAGES_BUILD_FAILED`
 */
export async function loadPages(): Promise<Pages> {
  let built = await readBuilt();
  if (built === undefined) {
    built = await buildPages();
    await writeBuilt(built);
  }
  const files = new Map<string, PageFile>();
  for (const [name, bytes] of built.files) files.set(`/${name}`, pageFile(name, bytes));
  const shell = files.get('/index.html');
  if (shell === undefined) throw new Error('The built pages have no index.html');
  files.delete('/index.html');
  return { file: (pathname) => files.get(pathname), shell };
}

function pageFile(name: string, bytes: Uint8Array): PageFile {
  return {
    bytes,
    contentType: contentTypeOf(name),
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    // Names below assets/ carry a hash of their content.
    cacheControl: name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}
