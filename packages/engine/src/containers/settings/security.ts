import { notImplemented, refused } from './refuse.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'default' | 'unconfined' | object;
}

/** `--security-opt`, with `=` or the older `:`. @throws {EngineError} `CONFIG_REFUSED`, `NOT_IMPLEMENTED` */
export function parseSecurityOptions(list: readonly string[] | null | undefined): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: SecurityOptions['seccomp'] = 'default';
  for (const option of list ?? []) {
    if (option === 'no-new-privileges') {
      noNewPrivileges = true;
      continue;
    }
    if (option === 'disable') continue;
    const at = option.search(/[=:]/);
    if (at < 0) throw refused(`invalid --security-opt 1: "${option}"`);
    const value = option.slice(at + 1);
    switch (option.slice(0, at)) {
      case 'no-new-privileges':
        noNewPrivileges = parseBoolean(value, option);
        break;
      case 'seccomp':
        seccomp = parseSeccomp(value);
        break;
      case 'apparmor':
        if (value !== 'unconfined') throw notImplemented(`The AppArmor profile "${value}"`);
        break;
      case 'label':
        if (value !== 'disable') throw notImplemented(`The SELinux label "${value}"`);
        break;
      default:
        throw refused(`invalid --security-opt 2: "${option}"`);
    }
  }
  return { noNewPrivileges, seccomp };
}

/** The client sends the text of the profile, not its path. */
function parseSeccomp(value: string): SecurityOptions['seccomp'] {
  if (value === 'unconfined') return 'unconfined';
  if (value === 'builtin' || value === 'default') return 'default';
  try {
    const profile: unknown = JSON.parse(value);
    if (typeof profile === 'object' && profile !== null && 'defaultAction' in profile) return profile;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refused('opening seccomp profile failed: it is not a JSON object with a "defaultAction"');
}

function parseBoolean(text: string, option: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw refused(`invalid --security-opt 2: "${option}"`);
}
