import { failureText } from '../i18n/failure.ts';
import { useLanguage } from '../i18n/language.tsx';

export function Loading() {
  const { t } = useLanguage();
  return (
    <p className="quiet" role="status">
      {t.loading}
    </p>
  );
}

export function Failed({ error, retry }: { readonly error: Error; readonly retry: () => void }) {
  const { t } = useLanguage();
  return (
    <div role="alert" className="notice bad">
      <strong>{t.failed}</strong> {failureText(error, t)}{' '}
      <button type="button" className="plain" onClick={retry}>
        {t.retry}
      </button>
    </div>
  );
}
