import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n/language.tsx';

/** One command, with a button that puts it on the clipboard. */
export function CopyLine({ text }: { readonly text: string }) {
  const { t } = useLanguage();
  const [copied, copy] = useCopy(text);
  return (
    <div className="copy-line">
      <code>{text}</code>
      <button type="button" aria-label={`${t.copy}: ${text}`} onClick={copy}>
        {copied ? t.copied : t.copy}
      </button>
    </div>
  );
}

/** A digest as people tell images apart, `sha256:0123456789ab`; the button puts the whole one on the clipboard. */
export function CopyDigest({ digest }: { readonly digest: string }) {
  const { t } = useLanguage();
  const [copied, copy] = useCopy(digest);
  const [algorithm, hex = ''] = digest.split(':');
  return (
    <button
      type="button"
      className="digest"
      title={`${digest}\n${t.copyDigest}`}
      aria-label={`${t.copyDigest}: ${digest}`}
      onClick={copy}
    >
      <code>{`${algorithm}:${hex.slice(0, 12)}`}</code> {copied && <span>{t.copied}</span>}
    </button>
  );
}

/** Whether it was copied a moment ago, and what copies it. */
function useCopy(text: string): [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, () => void copyText(text).then(setCopied)];
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
