/** Control characters, and those that turn the direction of writing: what stands there is not what is read. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of others for a terminal: lines and tabs stay, whatever steers the terminal is shown as U+FFFD. */
export function printable(text: string): string {
  return text.replaceAll(STEERING, (character) => (/[\n\t]/.test(character) ? character : '\uFFFD'));
}

/** The same for a text that must not pretend to be several lines. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim());
}

/** JSON escapes the older half of the control characters; the newer half steers terminals as well. */
export function printableJson(data: unknown, indent?: number): string {
  return JSON.stringify(data, null, indent).replaceAll(STEERING, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
