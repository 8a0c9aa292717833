import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ApiCreateContainer } from '@berth/engine';
import { hasCode } from '@berth/errors';
import { isApiError } from '../client/api-error.ts';
import { createConfig } from './create-config.ts';
import { withLatest } from './image-name.ts';
import { type VerbCall, VerbError } from './interface.ts';

export interface CreatedContainer {
  readonly id: string;
  readonly config: ApiCreateContainer;
}

/** The configuration that the flags mean. @throws {VerbError} 125, with docker's ending */
export async function readConfig(
  call: VerbCall,
  options: { readonly isDetached: boolean },
): Promise<ApiCreateContainer> {
  const { flags } = call;
  try {
    const pull = flags.text('pull') ?? 'missing';
    if (!['always', 'missing', 'never', ''].includes(pull)) {
      throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
    }
    const config = await createConfig(call, options);
    const restart = config.HostConfig?.RestartPolicy?.Name ?? '';
    if (flags.bool('rm') && restart !== '' && restart !== 'no') {
      throw new Error('conflicting options: cannot specify both --restart and --rm');
    }
    return config;
  } catch (error) {
    if (error instanceof Error && !hasCode(error)) throw refusal(call, error.message);
    if (error instanceof VerbError) throw refusal(call, error.message);
    throw error;
  }
}

/** As docker ends what goes wrong before a container runs. */
export function refusal(call: VerbCall, message: string, exitCode = 125): VerbError {
  const text = call.out.isJson
    ? message
    : `berth: ${message}\n\nRun 'berth ${call.name} --help' for more information`;
  return new VerbError(text, { exitCode });
}

/** Creates the container, and pulls its image first where that is missing or wanted anew. */
export async function createContainer(call: VerbCall, config: ApiCreateContainer): Promise<CreatedContainer> {
  const { flags, out } = call;
  const cidfile = await claimCidFile(call);
  const policy = flags.text('pull') || 'missing';
  if (policy === 'always') await pull(call, config.Image);
  let created: { readonly Id: string; readonly Warnings: readonly string[] | null };
  try {
    created = await create(call, config);
  } catch (error) {
    const isMissing = isApiError(error, 404) && /no such image/i.test(error.message);
    if (!isMissing || policy !== 'missing') throw error;
    if (!flags.bool('quiet')) out.note(`Unable to find image '${withLatest(config.Image)}' locally`);
    await pull(call, config.Image);
    created = await create(call, config);
  }
  for (const warning of created.Warnings ?? []) out.note(`WARNING: ${warning}`);
  if (cidfile !== undefined) await writeFile(cidfile, created.Id);
  return { id: created.Id, config };
}

async function create({ api, flags }: VerbCall, config: ApiCreateContainer) {
  return await api.json<{ readonly Id: string; readonly Warnings: readonly string[] | null }>({
    method: 'POST',
    path: '/containers/create',
    query: { name: flags.text('name'), platform: flags.text('platform') },
    json: config,
  });
}

async function pull(call: VerbCall, image: string): Promise<void> {
  const { pullImage } = await import('./pull.ts');
  try {
    await pullImage(call, image, { target: call.flags.bool('quiet') ? 'none' : 'stderr' });
  } catch (error) {
    if (error instanceof VerbError && call.name.endsWith('run')) throw refusal(call, error.message);
    throw error;
  }
}

/** Empty until the container is there; somebody else's is never written over. */
async function claimCidFile({ flags, context }: VerbCall): Promise<string | undefined> {
  const given = flags.text('cidfile');
  if (given === undefined || given === '') return undefined;
  const path = resolve(context.cwd, given);
  try {
    await writeFile(path, '', { flag: 'wx' });
  } catch (error) {
    if (!hasCode(error) || error.code !== 'EEXIST') throw error;
    throw new VerbError(
      `container ID file found, make sure the other container isn't running or delete ${given}`,
      { exitCode: 125 },
    );
  }
  return path;
}
