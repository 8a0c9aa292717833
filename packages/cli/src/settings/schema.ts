import { choice, list, text, type ValueOf, yesNo } from './kinds.ts';

/**
 * Every setting there is. A key `hubAddr` is the flag `--hub-addr`, the environment variable `BERTH_HUB_ADDR`
 * and the key `hubAddr` of a settings file. `expected` ends the sentence "… expected …" of an error.
 */
export const SETTINGS_SCHEMA = {
  dataRoot: text({
    pattern: /^\//,
    expected: 'an absolute path',
    description:
      'Folder that everything lives in (default /var/lib/berth as root, else below $XDG_DATA_HOME)',
  }),
  hubAddr: text({
    default: '127.0.0.1:5000',
    pattern: /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):[0-9]{1,5}$/,
    expected: 'host:port, for instance 127.0.0.1:5000 or [::1]:5000',
    description: 'Address that the Hub listens on: registry, API and pages',
  }),
  hubUrl: text({
    pattern: /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/?#@:[\]\s]+)(:[0-9]{1,5})?\/?$/,
    expected: 'http(s)://host[:port] without a path',
    description: 'What others call the Hub; rules token realm, Location and links',
  }),
  tls: text({
    default: 'off',
    pattern: /^(off|auto|files|[^,]+,[^,]+)$/,
    expected: 'off, auto, files, or <certificate file>,<key file>',
    description: 'off; auto = a local authority made once; files = tlsCert and tlsKey',
  }),
  tlsCert: text({
    expected: 'a path',
    description: 'Certificate chain (PEM), read again when it changes',
  }),
  tlsKey: text({
    expected: 'a path',
    description: 'Private key (PEM), read again when it changes',
  }),
  trustedProxies: list({
    default: [],
    expected: 'addresses or networks separated by commas, for instance 10.0.0.0/8,::1',
    description: 'Proxies whose X-Forwarded-* and Forwarded headers are believed',
  }),
  insecureHttp: yesNo({
    default: false,
    expected: 'yes or no',
    description: 'Listen beyond loopback without TLS; passwords and images cross the network in the clear',
  }),
  hubUser: text({
    pattern: /^([0-9]+(:[0-9]+)?|[a-z_][a-z0-9_-]*\$?)$/,
    expected: 'a user name, uid, or uid:gid',
    description: 'Who the Hub becomes when it is started as root',
  }),
  adminUser: text({
    expected: 'a user name',
    description: 'First account, made at first start; for scripts',
  }),
  adminPassword: text({
    expected: 'a password',
    secret: true,
    description: 'Password of the first account',
  }),
  signUp: choice(['open', 'closed'], {
    default: 'open',
    expected: 'open or closed',
    description: 'Whether people may make accounts themselves',
  }),
  defaultPrivacy: choice(['public', 'private'], {
    default: 'public',
    expected: 'public or private',
    description: 'What a repository is when a first push makes it',
  }),
  engine: choice(['auto', 'on', 'off'], {
    default: 'auto',
    expected: 'auto, on or off',
    description: 'Whether "berth up" starts the engine too; auto = where this machine can run it',
  }),
  socket: text({
    default: '/run/berth/berth.sock',
    pattern: /^\//,
    expected: 'an absolute path',
    description: 'Socket of the engine: the Docker Engine API, for root alone',
  }),
  runRoot: text({
    default: '/run/berth',
    pattern: /^\//,
    expected: 'an absolute path on a tmpfs',
    description: 'What the engine keeps as long as the machine is up: mounts, namespaces, the monitor',
  }),
  storageDriver: text({
    pattern: /^[a-z0-9-]+$/,
    expected: 'the name of a storage driver, for instance overlay2',
    description: 'Storage driver of the engine (default: the one its data folder has, else the best)',
  }),
  storageOptions: list({
    default: [],
    pattern: /^[a-z0-9._]+=./,
    expected: 'name=value pairs separated by commas, for instance dm.basesize=20G,dm.fs=xfs',
    description: 'Options of the storage driver',
  }),
  runtime: text({
    expected: 'a name or a path, for instance crun',
    description: 'OCI runtime (default: runc, else crun, whichever runs a container here)',
  }),
  bridgeSubnet: text({
    pattern: /^[0-9.]+\/[0-9]{1,2}$/,
    expected: 'an IPv4 network, for instance 172.20.0.0/16',
    description: 'Addresses of containers (default: the first private network that no route touches)',
  }),
  install: yesNo({
    default: true,
    expected: 'yes or no',
    description: 'Whether "berth up" may install the packages that the engine lacks, after naming them',
  }),
  defaultRegistry: text({
    default: 'docker.io',
    expected: 'host[:port]',
    description: 'Registry of image names without a host',
  }),
  insecureRegistries: list({
    default: [],
    expected: 'host[:port] names separated by commas',
    description: 'Registries that may be spoken to over plain HTTP',
  }),
  registryCa: text({
    expected: 'a path',
    description: 'Authority file (PEM) for registries that Berth pulls from and pushes to',
  }),
} as const;

type Schema = typeof SETTINGS_SCHEMA;
export type SettingKey = keyof Schema;
/** Those that are always there. */
type KeyWithDefault = {
  [Key in SettingKey]: Schema[Key] extends { default: unknown } ? Key : never;
}[SettingKey];

export type Settings = { readonly [Key in KeyWithDefault]: ValueOf<Schema[Key]> } & {
  readonly [Key in Exclude<SettingKey, KeyWithDefault>]?: ValueOf<Schema[Key]>;
};

export interface SettingInfo {
  readonly key: SettingKey;
  readonly env: string;
  readonly flag: string;
  readonly description: string;
  readonly expected: string;
  readonly isSecret: boolean;
  readonly kind: 'text' | 'yes-no' | 'list';
  readonly default: unknown;
  readonly accepts: (value: unknown) => boolean;
}

export const SETTINGS: readonly SettingInfo[] = Object.entries(SETTINGS_SCHEMA).map(([key, setting]) => {
  const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    key: key as SettingKey,
    env: `BERTH_${words.replaceAll('-', '_').toUpperCase()}`,
    flag: `--${words}`,
    description: setting.description,
    expected: setting.expected,
    isSecret: 'secret' in setting,
    kind: setting.kind,
    default: 'default' in setting ? setting.default : undefined,
    accepts: setting.accepts,
  };
});
