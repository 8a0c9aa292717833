import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { sendForm } from '../api.ts';
import { useLanguage } from '../i18n/language.tsx';
import icon from '../icon.svg';
import { useSession } from './session.ts';

/** What every page has: the name, who is signed in, the language. */
export function Frame() {
  const { t } = useLanguage();
  return (
    <>
      <a className="skip" href="#content">
        {t.skip}
      </a>
      <header>
        <Link to="/" className="brand">
          <img src={icon} alt="" width="28" height="28" /> Berth
        </Link>
        <nav>
          <Account />
          <LanguageChoice />
        </nav>
      </header>
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

function Account() {
  const { t } = useLanguage();
  const session = useSession();
  const queries = useQueryClient();
  if (session === undefined || session.setupNeeded) return null;
  if (session.user === null) return <Link to="/sign-in">{t.signIn}</Link>;

  const signOut = async () => {
    await sendForm('/sign-out', {});
    await queries.invalidateQueries();
  };
  return (
    <>
      <span className="who">{session.user.username}</span>
      <button type="button" className="plain" onClick={signOut}>
        {t.signOut}
      </button>
    </>
  );
}

function LanguageChoice() {
  const { t, language, setLanguage } = useLanguage();
  return (
    <select
      aria-label={t.language}
      value={language}
      onChange={(event) => setLanguage(event.target.value === 'zh-CN' ? 'zh-CN' : 'en')}
    >
      <option value="en">English</option>
      <option value="zh-CN">简体中文</option>
    </select>
  );
}
