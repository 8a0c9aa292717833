import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { ApiError, sendForm } from '../api.ts';
import { failureText } from '../i18n/failure.ts';
import { useLanguage } from '../i18n/language.tsx';

export interface AccountFormProps {
  readonly action: '/sign-in' | '/sign-up' | '/setup';
  readonly title: string;
  readonly submit: string;
  /** A new account is told the rules and may give an address. */
  readonly isNew: boolean;
  readonly hidden?: Readonly<Record<string, string>>;
  readonly intro?: ReactNode;
  readonly after?: ReactNode;
}

/** The form behind sign-in, sign-up and set-up. What the server refuses stands beside the field it speaks of. */
export function AccountForm({ action, title, submit, isNew, hidden = {}, intro, after }: AccountFormProps) {
  const { t } = useLanguage();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [error, setError] = useState<Error>();
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);

  // To where the mistake is, for those who type and for those who listen.
  useEffect(() => {
    if (error !== undefined) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [error]);

  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields: Record<string, string> = { ...hidden };
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (typeof value === 'string' && value !== '') fields[name] = value;
    }
    setBusy(true);
    setError(undefined);
    try {
      await sendForm(action, fields);
      await queries.invalidateQueries();
      await navigate({ to: '/' });
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      setBusy(false);
    }
  };

  const wrong = error instanceof ApiError ? error.fields : {};
  const fieldError = (name: string) =>
    error !== undefined && name in wrong ? failureText(error, t) : undefined;
  const isBesideField = ['username', 'email', 'password'].some((name) => name in wrong);
  return (
    <section className="card narrow">
      <title>{`${title} · Berth`}</title>
      <h1>{title}</h1>
      {intro}
      <form ref={form} onSubmit={onSubmit} method="post" action={action}>
        {error !== undefined && !isBesideField && (
          <div role="alert" className="notice bad">
            {failureText(error, t)}
          </div>
        )}
        <Field
          name="username"
          label={t.username}
          hint={isNew ? t.usernameHint : undefined}
          error={fieldError('username')}
          autoComplete="username"
        />
        {isNew && (
          <Field
            name="email"
            label={t.email}
            type="email"
            optional
            error={fieldError('email')}
            autoComplete="email"
          />
        )}
        <Field
          name="password"
          label={t.password}
          type="password"
          hint={isNew ? t.passwordHint : undefined}
          error={fieldError('password')}
          autoComplete={isNew ? 'new-password' : 'current-password'}
        />
        <button type="submit" className="primary" disabled={isBusy}>
          {submit}
        </button>
      </form>
      {after}
    </section>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password' | 'email';
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly optional?: boolean;
  readonly autoComplete: string;
}

function Field({ name, label, type = 'text', hint, error, optional = false, autoComplete }: FieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        name={name}
        type={type}
        required={!optional}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        aria-invalid={error !== undefined}
        aria-describedby={`${name}-error ${name}-hint`}
      />
      {error !== undefined && (
        <small id={`${name}-error`} className="bad">
          {error}
        </small>
      )}
      {hint !== undefined && (
        <small id={`${name}-hint`} className="quiet">
          {hint}
        </small>
      )}
    </label>
  );
}
