export type Language = 'en' | 'zh';

/** `LC_ALL`, then `LC_MESSAGES`, then `LANG`, as everywhere else. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return locale.startsWith('zh') ? 'zh' : 'en';
}
