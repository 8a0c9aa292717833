import { readFile } from 'node:fs/promises';
import { HubError } from '../errors.ts';

export interface HubUser {
  readonly uid: number;
  readonly gid: number;
  /** For people: `berth (uid 998)`. */
  readonly label: string;
}

/**
 * For machines without a user `berth`: a pair that no distribution gives away. It lies in systemd's range for
 * users made at run time (61184 to 65519), which is kept free of real accounts.
 */
const FIXED: HubUser = { uid: 61947, gid: 61947, label: 'uid 61947' };

/**
 * Who a Hub that was started as root becomes: the configured user, else the owner of its data folder, else the
 * system user `berth`, else a fixed number.
 *
 * @throws {HubError} `USER_UNKNOWN`
 */
export async function chooseHubUser(options: {
  readonly configured?: string | undefined;
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}): Promise<HubUser> {
  const { configured, owner } = options;
  const users = await readUsers();
  if (configured !== undefined) return configuredUser(configured, users);
  if (owner !== undefined && owner.uid !== 0) {
    const known = users.find(({ uid }) => uid === owner.uid);
    return { ...owner, label: known === undefined ? `uid ${owner.uid}` : labelOf(known) };
  }
  const berth = users.find(({ name, uid }) => name === 'berth' && uid !== 0);
  return berth === undefined ? FIXED : { uid: berth.uid, gid: berth.gid, label: labelOf(berth) };
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

function configuredUser(text: string, users: readonly User[]): HubUser {
  const numbers = /^([0-9]+)(?::([0-9]+))?$/.exec(text);
  const known = users.find((user) =>
    numbers === null ? user.name === text : user.uid === Number(numbers[1]),
  );
  const uid = numbers === null ? known?.uid : Number(numbers[1]);
  const gid = numbers?.[2] === undefined ? (known?.gid ?? uid) : Number(numbers[2]);
  if (uid === undefined || gid === undefined || uid === 0) {
    const reason = uid === 0 ? 'that is root' : 'there is no such user';
    throw new HubError('USER_UNKNOWN', `Cannot run the Hub as "${text}": ${reason}`, {
      hint: 'Set BERTH_HUB_USER to a user of this machine, or to uid:gid',
    });
  }
  return { uid, gid, label: known === undefined ? `uid ${uid}` : labelOf(known) };
}

function labelOf({ name, uid }: User): string {
  return `${name} (uid ${uid})`;
}

/** Local accounts alone: name services would have to be asked through libc. @see passwd(5) */
async function readUsers(): Promise<User[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}
