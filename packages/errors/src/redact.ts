const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const AUTHORIZATION = /\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}/g;

/** Takes credentials out of a text meant for people or logs: `https://u:p@host` and `Bearer …`. */
export function redact(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1***@').replace(AUTHORIZATION, '$1 ***');
}
