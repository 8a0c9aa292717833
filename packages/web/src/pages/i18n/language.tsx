import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { en, type Texts } from './en.ts';
import { zhCN } from './zh-cn.ts';

export type Language = 'en' | 'zh-CN';

const TEXTS: Readonly<Record<Language, Texts>> = { en, 'zh-CN': zhCN };
const KEY = 'berth.language';

interface LanguageContext {
  readonly language: Language;
  readonly t: Texts;
  setLanguage(language: Language): void;
}

const Context = createContext<LanguageContext>({ language: 'en', t: en, setLanguage: () => undefined });

export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(initialLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem(KEY, language);
  }, [language]);
  const value = useMemo(() => ({ language, t: TEXTS[language], setLanguage }), [language]);
  return <Context value={value}>{children}</Context>;
}

export function useLanguage(): LanguageContext {
  return useContext(Context);
}

/** What was chosen here before, else the first of the browser's languages that we have. */
function initialLanguage(): Language {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'en' || chosen === 'zh-CN') return chosen;
  for (const tag of navigator.languages) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}
