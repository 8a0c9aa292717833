import { type DiffID, isDigest } from './digest.ts';
import { readJson } from './json.ts';
import { JsonObject } from './json-object.ts';
import type { Platform } from './platform.ts';

/** How to run an image. @see image-spec v1.1 config.md#properties (and Docker's own fields) */
export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  /** `NAME=value`, in order. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Docker: entrypoint and command are one string each, made for Windows. */
  readonly ArgsEscaped?: boolean;
  readonly Healthcheck?: Readonly<Record<string, unknown>>;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
  /** Fields that neither specification nor Docker of today names are kept as they are. */
  readonly [other: string]: unknown;
}

/** One build step. @see image-spec v1.1 config.md#properties (history) */
export interface History {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly created_by?: string;
  readonly comment?: string;
  /** True for a step that made no layer. */
  readonly empty_layer?: boolean;
}

/** What an image is and how it runs; its digest is the image ID. @see image-spec v1.1 config.md */
export interface ImageConfig extends Platform {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly DiffID[] };
  /** Oldest step first. */
  readonly history?: readonly History[];
  /** Docker's other fields (`container_config`, `docker_version`, …) are kept as they are. */
  readonly [other: string]: unknown;
}

/** Far above any real config; labels and history are what grows. */
export const CONFIG_MAX_SIZE_BYTES = 8 * 1024 * 1024;

/**
 * Reads an image config from untrusted bytes. Fields it does not know stay on the result.
 *
 * @throws {OciError} `CONFIG_INVALID`
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const value = readJson(bytes, {
    code: 'CONFIG_INVALID',
    what: 'image config',
    maxSizeBytes: CONFIG_MAX_SIZE_BYTES,
  });
  const json = new JsonObject(value, { code: 'CONFIG_INVALID', what: 'image config', path: '' });
  const container = json.object('config');
  const history = json.objects('history');
  return {
    ...withoutNulls(json, ['config', 'history', 'rootfs', 'created', 'author', ...PLATFORM_FIELDS]),
    ...readConfigPlatform(json),
    ...given('created', json.string('created')),
    ...given('author', json.string('author')),
    ...given('config', container === undefined ? undefined : readContainerConfig(container)),
    rootfs: readRootfs(json.requiredObject('rootfs')),
    ...given('history', history?.map(readHistory)),
  };
}

const PLATFORM_FIELDS = ['architecture', 'os', 'variant', 'os.version', 'os.features'];

function readConfigPlatform(json: JsonObject): Platform {
  return {
    architecture: json.requiredString('architecture'),
    os: json.requiredString('os'),
    ...given('variant', json.string('variant')),
    ...given('os.version', json.string('os.version')),
    ...given('os.features', json.strings('os.features')),
  };
}

function readRootfs(json: JsonObject): ImageConfig['rootfs'] {
  const type = json.requiredString('type');
  if (type !== 'layers') throw json.fail('type', `expected "layers", got "${type.slice(0, 80)}"`);
  const ids = json.strings('diff_ids') ?? [];
  const diffIDs = ids.map((text, index) => {
    if (isDigest(text)) return text as DiffID;
    throw json.fail(`diff_ids[${index}]`, `expected a digest, got "${text.slice(0, 160)}"`);
  });
  return { type, diff_ids: diffIDs };
}

function readHistory(json: JsonObject): History {
  return {
    ...given('created', json.string('created')),
    ...given('author', json.string('author')),
    ...given('created_by', json.string('created_by')),
    ...given('comment', json.string('comment')),
    ...given('empty_layer', json.boolean('empty_layer')),
  };
}

const STRINGS = ['User', 'WorkingDir', 'StopSignal'];
const STRING_LISTS = ['Env', 'OnBuild'];
/** Docker's oldest images have one string where a list stands today. */
const COMMANDS = ['Entrypoint', 'Cmd', 'Shell'] as const;
const OBJECTS = ['ExposedPorts', 'Volumes', 'Healthcheck'];

function readContainerConfig(json: JsonObject): ContainerConfig {
  for (const key of STRINGS) json.string(key);
  for (const key of STRING_LISTS) json.strings(key);
  for (const key of OBJECTS) json.object(key);
  json.boolean('ArgsEscaped');
  json.stringMap('Labels');
  const commands = COMMANDS.filter((key) => json.has(key)).map(
    (key) => [key, readCommand(json, key)] as const,
  );
  return { ...withoutNulls(json, COMMANDS), ...Object.fromEntries(commands) };
}

function readCommand(json: JsonObject, key: string): readonly string[] {
  const value = json.raw(key);
  return typeof value === 'string' ? [value] : (json.strings(key) ?? []);
}

/** Docker writes `null` for what is not set; here that is no field. */
function withoutNulls(json: JsonObject, except: readonly string[]): Record<string, unknown> {
  const keys = [...json.keys()].filter((key) => json.has(key) && !except.includes(key));
  return Object.fromEntries(keys.map((key) => [key, json.raw(key)]));
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
