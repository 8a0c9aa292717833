import { runCommand } from './command.ts';
import type { Namespace } from './netns.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From where the call is made; the machine's own network when left out. */
  readonly netns?: Namespace;
  /** File of an authority to trust beside the usual ones. */
  readonly authorityPath?: string;
}

const SCRIPT = `
  const { url, ...init } = JSON.parse(await new Response(process.stdin).text());
  const answer = await fetch(url, { ...init, redirect: 'manual' });
  const { status, headers } = answer;
  console.log(JSON.stringify({ status, headers: Object.fromEntries(headers), text: await answer.text() }));`;

/** One HTTP request. Another namespace or authority needs a process of its own, so there always is one. */
export async function httpCall(url: string, options: CallOptions = {}): Promise<Answer> {
  const node = [process.execPath, '--input-type=module', '-e', SCRIPT] as const;
  const [program, ...args] = options.netns === undefined ? node : options.netns.wrap(...node);
  const { method, headers, body } = options;
  const { code, stdout, stderr } = await runCommand([program ?? '', ...args], {
    input: JSON.stringify({ url, method: method ?? 'GET', headers: headers ?? {}, body }),
    ...(options.authorityPath === undefined ? {} : { env: { NODE_EXTRA_CA_CERTS: options.authorityPath } }),
  });
  if (code !== 0) throw new Error(`Cannot call "${url}": ${stderr}`);
  return JSON.parse(stdout);
}
