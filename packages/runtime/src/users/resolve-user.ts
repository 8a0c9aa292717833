import { RuntimeError } from '../errors.ts';
import type { ResolvedUser } from '../interface.ts';
import { type GroupEntry, type PasswdEntry, readGroups, readPasswd } from './account-files.ts';

const MAX_ID = 2 ** 31 - 1;

/**
 * Who `USER` or `--user` means in this root filesystem: `name`, `uid`, `name:group`, `uid:gid`; empty is root.
 *
 * A number is a number, also when a user is called so, and one out of range is refused before any file is looked at: read
 * as a name it could end as root (CVE-2024-40635). Supplementary groups are those of /etc/group, unless a group was
 * given. The primary group is always among the supplementary ones, so that it cannot be got rid of (CVE-2022-36109).
 *
 * @param groupAdd names or numbers of `--group-add`
 * @throws {RuntimeError} `USER_UNKNOWN`, `USER_OUT_OF_RANGE`, `ACCOUNT_FILE_REFUSED`
 */
export function resolveUser(rootfs: string, user: string, groupAdd: readonly string[] = []): ResolvedUser {
  const colon = user.indexOf(':');
  const name = colon === -1 ? user : user.slice(0, colon);
  const group = colon === -1 ? '' : user.slice(colon + 1);
  const uid = name === '' ? 0 : parseId(name);
  const gid = group === '' ? undefined : parseId(group);
  const added = groupAdd.map((one) => parseId(one) ?? one);

  const account = findAccount(readPasswd(rootfs), name, uid);
  if (account === undefined && uid === undefined)
    throw new RuntimeError(
      'USER_UNKNOWN',
      `unable to find user ${name}: no matching entries in passwd file`,
      { hint: 'Add the user to the image, or give its number', detail: { user: name } },
    );
  const needsGroups = group !== '' || account !== undefined || added.some((one) => typeof one === 'string');
  const groups = needsGroups ? readGroups(rootfs) : [];
  const primary = group === '' ? (account?.gid ?? 0) : groupNumber(groups, group, gid);
  const memberships =
    group === '' && account !== undefined
      ? groups.filter(({ members }) => members.includes(account.name)).map((one) => one.gid)
      : [];
  const extra = added.map((one) => (typeof one === 'number' ? one : groupNumber(groups, one, undefined)));
  return {
    uid: account?.uid ?? uid ?? 0,
    gid: primary,
    additionalGids: [...new Set([primary, ...memberships, ...extra])],
    home: account?.home || '/',
  };
}

function findAccount(
  entries: readonly PasswdEntry[],
  name: string,
  uid: number | undefined,
): PasswdEntry | undefined {
  return entries.find((entry) => (uid === undefined ? entry.name === name : entry.uid === uid));
}

function groupNumber(groups: readonly GroupEntry[], name: string, gid: number | undefined): number {
  const found = groups.find((entry) => (gid === undefined ? entry.name === name : entry.gid === gid));
  const number = found?.gid ?? gid;
  if (number !== undefined) return number;
  throw new RuntimeError('USER_UNKNOWN', `unable to find group ${name}: no matching entries in group file`, {
    hint: 'Add the group to the image, or give its number',
    detail: { group: name },
  });
}

/** @returns `undefined`: it is a name @throws {RuntimeError} `USER_OUT_OF_RANGE` */
function parseId(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const number = Number(text);
  if (/^[0-9]+$/.test(text) && number <= MAX_ID) return number;
  throw new RuntimeError('USER_OUT_OF_RANGE', `uids and gids must be in range 0-${MAX_ID}`, {
    detail: { given: text },
  });
}
