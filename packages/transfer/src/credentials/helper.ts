import { spawn } from 'node:child_process';
import { hasCode } from '@berth/errors';
import { TransferError } from '../errors.ts';
import type { Credentials } from '../remote/tokens.ts';

/** Helpers give this name with an identity token in place of a password. @see docker-credential-helpers */
const TOKEN_USER = '<token>';
const TIMEOUT_MS = 60_000;
const OUTPUT_LIMIT = 1024 * 1024;

interface HelperOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** @returns `undefined` where the helper knows no login for the server */
export async function helperGet(
  helper: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const { code, output } = await run(helper, { ...options, action: 'get', input: server });
  if (code !== 0) {
    if (isUnknown(output)) return undefined;
    throw failed(helper, `get ended with ${code}: ${output.trim().slice(0, 200)}`);
  }
  const { Username, Secret } = parseAnswer(helper, output);
  if (typeof Username !== 'string' || typeof Secret !== 'string')
    throw failed(helper, 'its answer has no Username and Secret');
  if (Username === TOKEN_USER) return { username: '', password: '', identityToken: Secret };
  return { username: Username, password: Secret };
}

export async function helperStore(
  helper: string,
  server: string,
  options: HelperOptions & { readonly credentials: Credentials },
): Promise<void> {
  const { username, password, identityToken } = options.credentials;
  const input = JSON.stringify({
    ServerURL: server,
    Username: identityToken === undefined ? username : TOKEN_USER,
    Secret: identityToken ?? password,
  });
  const { code, output } = await run(helper, { ...options, action: 'store', input });
  if (code !== 0) throw failed(helper, `store ended with ${code}: ${output.trim().slice(0, 200)}`);
}

/** Erasing what is not there is no error; a login that stays is. */
export async function helperErase(helper: string, server: string, options: HelperOptions): Promise<void> {
  const { code, output } = await run(helper, { ...options, action: 'erase', input: server });
  if (code !== 0 && !isUnknown(output))
    throw failed(helper, `erase ended with ${code}: ${output.trim().slice(0, 200)}`);
}

function isUnknown(output: string): boolean {
  return /not found|no credentials/i.test(output);
}

async function run(
  helper: string,
  { env, signal, action, input }: HelperOptions & { readonly action: string; readonly input: string },
): Promise<{ readonly code: number; readonly output: string }> {
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) throw failed(helper, 'its name is not one of a program');
  const program = `docker-credential-${helper}`;
  const limits = [AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])];
  const child = spawn(program, [action], {
    env,
    signal: AbortSignal.any(limits),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < OUTPUT_LIMIT) output += text;
  });
  // A helper may answer without reading its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      if (signal?.aborted) reject(signal.reason);
      else
        reject(
          failed(
            helper,
            hasCode(error) && error.code === 'ENOENT' ? `${program} is not in the PATH` : error.message,
          ),
        );
    });
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function parseAnswer(helper: string, output: string): Record<string, unknown> {
  try {
    return (JSON.parse(output) ?? {}) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw failed(helper, 'its answer is not JSON');
  }
}

function failed(helper: string, reason: string): TransferError {
  return new TransferError(
    'CREDENTIAL_HELPER_FAILED',
    `Cannot use the credential helper "${helper}": ${reason}`,
    {
      hint: 'Install it, or take it out of credsStore and credHelpers in ~/.docker/config.json',
    },
  );
}
