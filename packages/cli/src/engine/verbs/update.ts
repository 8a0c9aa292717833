import { resourcesOf } from './create-config.ts';
import { RESOURCE_FLAGS } from './create-flags.ts';
import { forEach, part } from './each.ts';
import { type Verb, VerbError } from './interface.ts';
import { restartPolicy } from './option-values.ts';

export const update: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Update configuration of one or more containers',
  flags: RESOURCE_FLAGS,
  args: [1],
  async run(call) {
    const { api, flags, out } = call;
    const restart = flags.text('restart');
    const changes = resourcesOf(flags);
    if (restart === undefined && Object.keys(changes).length === 0) {
      throw new VerbError('you must provide one or more flags when using this command');
    }
    const json = { ...changes, ...(restart === undefined ? {} : { RestartPolicy: policyOf(restart) }) };
    const warnings: string[] = [];
    await forEach(call, async (name) => {
      const done = await api.json<{ readonly Warnings?: readonly string[] | null }>({
        method: 'POST',
        path: `/containers/${part(name)}/update`,
        json,
      });
      warnings.push(...(done.Warnings ?? []));
      return name;
    });
    for (const warning of warnings) out.note(warning);
  },
};

function policyOf(given: string) {
  try {
    return restartPolicy(given);
  } catch (error) {
    throw new VerbError(error instanceof Error ? error.message : String(error));
  }
}
