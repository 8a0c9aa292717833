import Type, { type Static } from 'typebox';

/**
 * Every setting there is. A key `hubAddr` is the flag `--hub-addr`, the environment variable `BERTH_HUB_ADDR`
 * and the key `hubAddr` of a settings file. `expected` ends the sentence "… expected …" of an error.
 */
export const SETTINGS_SCHEMA = Type.Object(
  {
    dataRoot: Type.Optional(
      Type.String({
        pattern: '^/',
        expected: 'an absolute path',
        description:
          'Folder that everything lives in (default /var/lib/berth as root, else below $XDG_DATA_HOME)',
      }),
    ),
    hubAddr: Type.String({
      default: '127.0.0.1:5000',
      pattern: '^(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]\\s]+):[0-9]{1,5}$',
      expected: 'host:port, for instance 127.0.0.1:5000 or [::1]:5000',
      description: 'Address that the Hub listens on: registry, API and pages',
    }),
    hubUrl: Type.Optional(
      Type.String({
        pattern: '^https?://(\\[[0-9a-fA-F:.]+\\]|[^/?#@:\\[\\]\\s]+)(:[0-9]{1,5})?/?$',
        expected: 'http(s)://host[:port] without a path',
        description: 'What others call the Hub; rules token realm, Location and links',
      }),
    ),
    tls: Type.String({
      default: 'off',
      pattern: '^(off|auto|files|[^,]+,[^,]+)$',
      expected: 'off, auto, files, or <certificate file>,<key file>',
      description: 'off; auto = a local authority made once; files = tlsCert and tlsKey',
    }),
    tlsCert: Type.Optional(
      Type.String({
        minLength: 1,
        expected: 'a path',
        description: 'Certificate chain (PEM), read again when it changes',
      }),
    ),
    tlsKey: Type.Optional(
      Type.String({
        minLength: 1,
        expected: 'a path',
        description: 'Private key (PEM), read again when it changes',
      }),
    ),
    trustedProxies: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      expected: 'addresses or networks separated by commas, for instance 10.0.0.0/8,::1',
      description: 'Proxies whose X-Forwarded-* and Forwarded headers are believed',
    }),
    insecureHttp: Type.Boolean({
      default: false,
      expected: 'yes or no',
      description: 'Listen beyond loopback without TLS; passwords and images cross the network in the clear',
    }),
    hubUser: Type.Optional(
      Type.String({
        pattern: '^([0-9]+(:[0-9]+)?|[a-z_][a-z0-9_-]*\\$?)$',
        expected: 'a user name, uid, or uid:gid',
        description: 'Who the Hub becomes when it is started as root',
      }),
    ),
    adminUser: Type.Optional(
      Type.String({
        minLength: 1,
        expected: 'a user name',
        description: 'First account, made at first start; for scripts',
      }),
    ),
    adminPassword: Type.Optional(
      Type.String({
        minLength: 1,
        expected: 'a password',
        secret: true,
        description: 'Password of the first account',
      }),
    ),
    signUp: Type.Union([Type.Literal('open'), Type.Literal('closed')], {
      default: 'open',
      expected: 'open or closed',
      description: 'Whether people may make accounts themselves',
    }),
    defaultPrivacy: Type.Union([Type.Literal('public'), Type.Literal('private')], {
      default: 'public',
      expected: 'public or private',
      description: 'What a repository is when a first push makes it',
    }),
    engine: Type.Union([Type.Literal('auto'), Type.Literal('on'), Type.Literal('off')], {
      default: 'auto',
      expected: 'auto, on or off',
      description: 'Whether "berth up" starts the engine too; auto = where this machine can run it',
    }),
    socket: Type.String({
      default: '/run/berth/berth.sock',
      pattern: '^/',
      expected: 'an absolute path',
      description: 'Socket of the engine: the Docker Engine API, for root alone',
    }),
    runRoot: Type.String({
      default: '/run/berth',
      pattern: '^/',
      expected: 'an absolute path on a tmpfs',
      description: 'What the engine keeps as long as the machine is up: mounts, namespaces, the monitor',
    }),
    storageDriver: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9-]+$',
        expected: 'the name of a storage driver, for instance overlay2',
        description: 'Storage driver of the engine (default: the one its data folder has, else the best)',
      }),
    ),
    runtime: Type.Optional(
      Type.String({
        minLength: 1,
        expected: 'a name or a path, for instance crun',
        description: 'OCI runtime (default: runc, else crun, whichever runs a container here)',
      }),
    ),
    bridgeSubnet: Type.Optional(
      Type.String({
        pattern: '^[0-9.]+/[0-9]{1,2}$',
        expected: 'an IPv4 network, for instance 172.20.0.0/16',
        description: 'Addresses of containers (default: the first private network that no route touches)',
      }),
    ),
    install: Type.Boolean({
      default: true,
      expected: 'yes or no',
      description: 'Whether "berth up" may install the packages that the engine lacks, after naming them',
    }),
    defaultRegistry: Type.String({
      default: 'docker.io',
      minLength: 1,
      expected: 'host[:port]',
      description: 'Registry of image names without a host',
    }),
    insecureRegistries: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      expected: 'host[:port] names separated by commas',
      description: 'Registries that may be spoken to over plain HTTP',
    }),
    registryCa: Type.Optional(
      Type.String({
        minLength: 1,
        expected: 'a path',
        description: 'Authority file (PEM) for registries that Berth pulls from and pushes to',
      }),
    ),
  },
  { additionalProperties: false },
);

export type Settings = Readonly<Static<typeof SETTINGS_SCHEMA>>;
export type SettingKey = keyof typeof SETTINGS_SCHEMA.properties;

export interface SettingInfo {
  readonly key: SettingKey;
  readonly env: string;
  readonly flag: string;
  readonly description: string;
  readonly expected: string;
  readonly isSecret: boolean;
  readonly kind: 'text' | 'yes-no' | 'list';
  readonly default: unknown;
}

interface SchemaNotes {
  readonly type?: string;
  readonly description?: string;
  readonly expected?: string;
  readonly secret?: boolean;
  readonly default?: unknown;
}

export const SETTINGS: readonly SettingInfo[] = Object.entries(SETTINGS_SCHEMA.properties).map(
  ([key, schema]) => {
    const notes = schema as SchemaNotes;
    const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return {
      key: key as SettingKey,
      env: `BERTH_${words.replaceAll('-', '_').toUpperCase()}`,
      flag: `--${words}`,
      description: notes.description ?? '',
      expected: notes.expected ?? '',
      isSecret: notes.secret === true,
      kind: notes.type === 'boolean' ? 'yes-no' : notes.type === 'array' ? 'list' : 'text',
      default: notes.default,
    };
  },
);
