import { Link } from '@tanstack/react-router';
import { useLanguage } from '../i18n/language.tsx';
import { AccountForm } from '../parts/account-form.tsx';
import { useSession } from '../parts/session.ts';

export function SignIn() {
  const { t } = useLanguage();
  const isOpen = useSession()?.signUp === 'open';
  const after = isOpen && (
    <p className="quiet">
      {t.newHere} <Link to="/sign-up">{t.signUp}</Link>
    </p>
  );
  return <AccountForm action="/sign-in" title={t.signIn} submit={t.signIn} isNew={false} after={after} />;
}
