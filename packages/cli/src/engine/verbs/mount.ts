import type { ApiMountRequest } from '@berth/engine';
import { toBool, toBytes } from '../flags/values.ts';
import { pairs } from './pairs.ts';

/** `type=bind,source=/a,target=/b,readonly`. @throws {Error} in docker's words */
export function parseMount(given: string): ApiMountRequest {
  const mount: Record<string, unknown> = { Type: 'volume' };
  const bind: Record<string, unknown> = {};
  const volume: Record<string, unknown> = {};
  const tmpfs: Record<string, unknown> = {};
  const labels: string[] = [];
  const options: string[] = [];
  for (const field of csv(given)) {
    const at = field.indexOf('=');
    const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const value = at < 0 ? undefined : field.slice(at + 1);
    if (value === undefined && !FLAGS.includes(key))
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    const text = value ?? '';
    switch (key) {
      case 'type':
        mount.Type = text.toLowerCase();
        break;
      case 'source':
      case 'src':
        mount.Source = text;
        break;
      case 'target':
      case 'dst':
      case 'destination':
        mount.Target = text;
        break;
      case 'readonly':
      case 'ro':
        mount.ReadOnly = flag(key, value);
        break;
      case 'consistency':
        mount.Consistency = text.toLowerCase();
        break;
      case 'bind-propagation':
        bind.Propagation = text.toLowerCase();
        break;
      case 'bind-nonrecursive':
        bind.NonRecursive = flag(key, value);
        break;
      case 'volume-subpath':
        volume.Subpath = text;
        break;
      case 'volume-nocopy':
        volume.NoCopy = flag(key, value);
        break;
      case 'volume-label':
        labels.push(text);
        break;
      case 'volume-driver':
        volume.DriverConfig = { Name: text };
        break;
      case 'volume-opt':
        options.push(text);
        break;
      case 'tmpfs-size':
        tmpfs.SizeBytes = size(text);
        break;
      case 'tmpfs-mode':
        tmpfs.Mode = octal(text);
        break;
      default:
        throw new Error(`unexpected key '${key}' in '${field}'`);
    }
  }
  if (mount.Type === '') throw new Error('type is required');
  if (mount.Target === undefined || mount.Target === '') throw new Error('target is required');
  if (labels.length > 0) volume.Labels = pairs(labels);
  if (options.length > 0) {
    const driver = (volume as { DriverConfig?: object }).DriverConfig;
    volume.DriverConfig = { ...driver, Options: pairs(options) };
  }
  const own = { bind, volume, tmpfs };
  for (const [type, fields] of Object.entries(own)) {
    if (Object.keys(fields).length === 0) continue;
    if (mount.Type !== type)
      throw new Error(`cannot mix '${type}-*' options with mount type '${mount.Type}'`);
    mount[`${type.charAt(0).toUpperCase()}${type.slice(1)}Options`] = fields;
  }
  return mount as unknown as ApiMountRequest;
}

const FLAGS = ['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive'];

function flag(key: string, value: string | undefined): boolean {
  const read = value === undefined ? true : toBool(value);
  if (read === undefined) throw new Error(`invalid value for ${key}: ${value}`);
  return read;
}

function size(text: string): number {
  const bytes = toBytes(text);
  if (bytes === undefined) throw new Error(`invalid value for tmpfs-size: ${text}`);
  return bytes;
}

function octal(text: string): number {
  if (/^0?[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  throw new Error(`invalid value for tmpfs-mode: ${text}`);
}

/** Fields of one line of CSV: `"a,b"` is one field, two quotes in it are one. */
export function csv(line: string): readonly string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '"' && isQuoted && line.charAt(at + 1) === '"') {
      field += '"';
      at += 1;
    } else if (character === '"' && (isQuoted || field === '')) isQuoted = !isQuoted;
    else if (character === ',' && !isQuoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  if (isQuoted)
    throw new Error(`parse error on line 1, column ${line.length}: extraneous or missing " in quoted-field`);
  return [...fields, field];
}
