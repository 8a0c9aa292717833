import type { Language } from '../../output/language.ts';
import { ENGLISH } from './en.ts';
import type { StartWords } from './interface.ts';
import { CHINESE } from './zh.ts';

export function startWords(language: Language): StartWords {
  return language === 'zh' ? CHINESE : ENGLISH;
}
