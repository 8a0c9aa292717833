export { WEB_ERRORS, WebError, type WebErrorCode } from './errors.ts';
export { loadPages, type PageFile, type Pages } from './load-pages.ts';
