import { Link } from '@tanstack/react-router';
import { useLanguage } from '../i18n/language.tsx';
import { AccountForm } from '../parts/account-form.tsx';

export function SignUp() {
  const { t } = useLanguage();
  const after = (
    <p className="quiet">
      {t.haveAccount} <Link to="/sign-in">{t.signIn}</Link>
    </p>
  );
  return <AccountForm action="/sign-up" title={t.signUp} submit={t.signUp} isNew after={after} />;
}
