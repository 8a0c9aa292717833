import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n/language.tsx';

/** One command, with a button that puts it on the clipboard. */
export function CopyLine({ text }: { readonly text: string }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);

  return (
    <div className="copy-line">
      <code>{text}</code>
      <button
        type="button"
        aria-label={`${t.copy}: ${text}`}
        onClick={async () => setCopied(await copyText(text))}
      >
        {copied ? t.copied : t.copy}
      </button>
    </div>
  );
}

/** Browsers give `navigator.clipboard` only to https and loopback; elsewhere the older command still works. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
