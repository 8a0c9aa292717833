import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useLanguage } from '../i18n/language.tsx';
import { AccountForm } from '../parts/account-form.tsx';
import { useSession } from '../parts/session.ts';

export function Setup() {
  const { t } = useLanguage();
  const session = useSession();
  const [code] = useState(() => new URLSearchParams(location.search).get('code'));
  if (session?.setupNeeded === false) {
    return (
      <p>
        {t.setupDone} <Link to="/">{t.home}</Link>
      </p>
    );
  }
  if (code === null) return <p className="notice">{t.setupMissing}</p>;
  return (
    <AccountForm
      action="/setup"
      title={t.setupTitle}
      submit={t.createAdmin}
      isNew
      hidden={{ code }}
      intro={<p className="quiet">{t.setupIntro}</p>}
    />
  );
}
