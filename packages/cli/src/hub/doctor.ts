import { access, constants, stat, statfs } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import { dirname } from 'node:path';
import { hasCode, toPlainError } from '@berth/errors';
import {
  chooseHubUser,
  describeCertificate,
  findPortHolder,
  type HubConfig,
  hubPaths,
  isLoopback,
  isRoot,
  readHubStatus,
} from '@berth/hub';
import type { CliContext } from '../context.ts';
import { engineFindings } from '../engine/doctor.ts';
import { alignColumns, formatBytes } from '../output/columns.ts';
import type { EffectiveSettings } from '../settings/settings.ts';
import { usableClients } from './clients.ts';
import type { Finding } from './finding.ts';
import { hubConfig } from './hub-config.ts';

const LITTLE_SPACE_BYTES = 5_000_000_000;

/** Looks and changes nothing. */
export async function examine(settings: EffectiveSettings, context: CliContext): Promise<Finding[]> {
  const findings: Finding[] = [
    { about: 'System', status: 'good', text: `${platform()} ${release()}, ${arch()}` },
    { about: 'Node', status: 'good', text: `${process.version}, ${process.execPath}` },
    { about: 'Settings', status: 'good', text: settings.file ?? 'no settings file' },
    ...settings.warnings.map((text) => ({ about: 'Settings', status: 'note' as const, text })),
  ];
  let config: HubConfig;
  try {
    config = hubConfig(settings, context);
  } catch (error) {
    const { message, hint } = toPlainError(error);
    return [
      ...findings,
      { about: 'Settings', status: 'bad', text: message, ...(hint === undefined ? {} : { hint }) },
    ];
  }
  const status = await readHubStatus(config.dataRoot);
  const running =
    status.state === 'running' ? `running: ${status.hub.url} (process ${status.hub.pid})` : status.state;
  findings.push({ about: 'Hub', status: 'good', text: running });
  findings.push(await userFinding(config), await folderFinding(config), await spaceFinding(config));
  findings.push(
    addressFinding(config),
    await portFinding(config, status.state !== 'stopped'),
    await tlsFinding(config),
  );
  findings.push(...(await engineFindings(settings, context)));
  const clients = usableClients(context.env);
  findings.push({
    about: 'Clients',
    status: 'good',
    text: clients.length === 0 ? 'none that works here' : clients.join(', '),
  });
  return findings;
}

export function examinationText(findings: readonly Finding[]): string {
  const marks = { good: 'ok', note: 'note', bad: 'BAD' };
  const rows = findings.flatMap(({ about, status, text, hint }) => [
    [marks[status], about, text],
    ...(hint === undefined ? [] : [['', '', hint]]),
  ]);
  return alignColumns(rows);
}

async function userFinding(config: HubConfig): Promise<Finding> {
  const about = 'User';
  if (!isRoot()) return { about, status: 'good', text: `uid ${process.getuid?.() ?? '-'}, not root` };
  const owner = await statOrNothing(hubPaths(config.dataRoot).folder);
  const user = await chooseHubUser({ configured: config.user, owner });
  return { about, status: 'good', text: `root; the Hub becomes ${user.label}` };
}

async function folderFinding({ dataRoot }: HubConfig): Promise<Finding> {
  const { folder } = hubPaths(dataRoot);
  const about = 'Data folder';
  const found = await statOrNothing(folder);
  const place = found === undefined ? await nearestFolder(folder) : folder;
  try {
    await access(place, constants.W_OK);
  } catch (error) {
    if (!hasCode(error)) throw error;
    return {
      about,
      status: 'bad',
      text: `${place} cannot be written`,
      hint: 'Set BERTH_DATA_ROOT to a folder that this user may write',
    };
  }
  return {
    about,
    status: 'good',
    text: found === undefined ? `${folder} (will be made at first start)` : folder,
  };
}

async function spaceFinding({ dataRoot }: HubConfig): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearestFolder(hubPaths(dataRoot).folder));
  const isLittle = bavail * bsize < LITTLE_SPACE_BYTES;
  const text = `${formatBytes(bavail * bsize)} free`;
  return {
    about: 'Disk',
    status: isLittle ? 'note' : 'good',
    text: isLittle ? `${text}: little for images` : text,
  };
}

function addressFinding({ address, tls, url, allowInsecureHttp, trustedProxies }: HubConfig): Finding {
  const about = 'Address';
  if (tls.mode === 'off' && !isLoopback(address.host) && !allowInsecureHttp) {
    const hint =
      'Set BERTH_TLS=auto, or BERTH_INSECURE_HTTP=yes if a TLS proxy or a closed network stands before it';
    return { about, status: 'bad', text: `${address.host} is beyond loopback and TLS is off`, hint };
  }
  const proxies = trustedProxies.length === 0 ? '' : `, behind ${trustedProxies.join(', ')}`;
  return {
    about,
    status: 'good',
    text: `${address.host}:${address.port}${url === undefined ? '' : `, called ${url}`}${proxies}`,
  };
}

async function portFinding({ address }: HubConfig, isOurs: boolean): Promise<Finding> {
  const about = 'Port';
  const holder = address.port === 0 ? undefined : await findPortHolder(address.port);
  if (holder === undefined) return { about, status: 'good', text: `${address.port} is free` };
  const text = `${address.port} is held by process ${holder.pid} (${holder.name})`;
  if (isOurs) return { about, status: 'good', text };
  return { about, status: 'bad', text, hint: 'Stop it, or set BERTH_HUB_ADDR to another port' };
}

async function tlsFinding(config: HubConfig): Promise<Finding> {
  const about = 'TLS';
  if (config.tls.mode === 'off') return { about, status: 'good', text: 'off' };
  const found = await describeCertificate(config);
  if ('error' in found)
    return {
      about,
      status: 'bad',
      text: found.error,
      ...(found.hint === undefined ? {} : { hint: found.hint }),
    };
  if (found.validTo === undefined)
    return { about, status: 'good', text: 'auto: the authority will be made at first start' };
  const isOver = found.validTo.getTime() < Date.now();
  return {
    about,
    status: isOver ? 'bad' : 'good',
    text: `${config.tls.mode}, valid to ${found.validTo.toISOString().slice(0, 10)}`,
  };
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((await statOrNothing(folder)) !== undefined || folder === dirname(folder)) return folder;
  }
}

async function statOrNothing(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'EACCES', 'ENOTDIR'].includes(error.code)) return undefined;
    throw error;
  }
}
