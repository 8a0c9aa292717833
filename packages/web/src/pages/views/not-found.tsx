import { Link } from '@tanstack/react-router';
import { useLanguage } from '../i18n/language.tsx';

export function NotFound() {
  const { t } = useLanguage();
  return (
    <>
      <title>{`${t.notFoundTitle} · Berth`}</title>
      <h1>{t.notFoundTitle}</h1>
      <p>
        <Link to="/">{t.home}</Link>
      </p>
    </>
  );
}
