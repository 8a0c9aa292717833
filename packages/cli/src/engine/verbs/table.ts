import type { Verb } from './interface.ts';

export type VerbLoader = () => Promise<Verb>;

export interface VerbGroup {
  readonly description: string;
  readonly verbs: Readonly<Record<string, VerbLoader>>;
  /** Other names that docker has for a verb; not in help. */
  readonly aliases?: Readonly<Record<string, string>>;
}

const attach: VerbLoader = async () => (await import('./attach.ts')).attach;
const commit: VerbLoader = async () => (await import('./commit.ts')).commit;
const cp: VerbLoader = async () => (await import('./cp.ts')).cp;
const create: VerbLoader = async () => (await import('./create.ts')).create;
const diff: VerbLoader = async () => (await import('./diff.ts')).diff;
const events: VerbLoader = async () => (await import('./events.ts')).events;
const exec: VerbLoader = async () => (await import('./exec.ts')).exec;
const exportVerb: VerbLoader = async () => (await import('./export.ts')).exportVerb;
const history: VerbLoader = async () => (await import('./history.ts')).history;
const images: VerbLoader = async () => (await import('./images.ts')).images;
const importVerb: VerbLoader = async () => (await import('./import.ts')).importVerb;
const info: VerbLoader = async () => (await import('./info.ts')).info;
const inspect: VerbLoader = async () => (await import('./inspect.ts')).inspect;
const kill: VerbLoader = async () => (await import('./kill.ts')).kill;
const load: VerbLoader = async () => (await import('./load.ts')).load;
const logs: VerbLoader = async () => (await import('./logs.ts')).logs;
const pause: VerbLoader = async () => (await import('./pause.ts')).pause;
const port: VerbLoader = async () => (await import('./port.ts')).port;
const ps: VerbLoader = async () => (await import('./ps.ts')).ps;
const pull: VerbLoader = async () => (await import('./pull.ts')).pull;
const push: VerbLoader = async () => (await import('./push.ts')).push;
const rename: VerbLoader = async () => (await import('./rename.ts')).rename;
const restart: VerbLoader = async () => (await import('./stop.ts')).restart;
const rm: VerbLoader = async () => (await import('./rm.ts')).rm;
const rmi: VerbLoader = async () => (await import('./rmi.ts')).rmi;
const run: VerbLoader = async () => (await import('./run.ts')).run;
const save: VerbLoader = async () => (await import('./save.ts')).save;
const start: VerbLoader = async () => (await import('./start.ts')).start;
const stats: VerbLoader = async () => (await import('./stats.ts')).stats;
const stop: VerbLoader = async () => (await import('./stop.ts')).stop;
const tag: VerbLoader = async () => (await import('./tag.ts')).tag;
const top: VerbLoader = async () => (await import('./top.ts')).top;
const unpause: VerbLoader = async () => (await import('./pause.ts')).unpause;
const update: VerbLoader = async () => (await import('./update.ts')).update;
const version: VerbLoader = async () => (await import('./version.ts')).version;
const wait: VerbLoader = async () => (await import('./wait.ts')).wait;

/** In the order of `berth --help`. */
export const VERBS: Readonly<Record<string, VerbLoader>> = {
  ...{ run, exec, ps, pull, push, images, inspect, logs },
  ...{ attach, commit, cp, create, diff, events, export: exportVerb, history, import: importVerb, info },
  ...{ kill, load, pause, port, rename, restart, rm, rmi, save, start, stats, stop, tag, top, unpause },
  ...{ update, version, wait },
};

/** The same verbs by what they act on, and some that are only here. */
export const GROUPS: Readonly<Record<string, VerbGroup>> = {
  container: {
    description: 'Manage containers',
    verbs: {
      ...{ attach, commit, cp, create, diff, exec, export: exportVerb },
      inspect: async () => (await import('./inspect-objects.ts')).inspectContainers,
      ...{ kill, logs, ls: ps, pause, port },
      prune: async () => (await import('./prune.ts')).pruneContainers,
      ...{ rename, restart, rm, run, start, stats, stop, top, unpause, update, wait },
    },
    aliases: { list: 'ls', ps: 'ls', remove: 'rm' },
  },
  image: {
    description: 'Manage images',
    verbs: {
      ...{ history, import: importVerb },
      inspect: async () => (await import('./inspect-objects.ts')).inspectImages,
      ...{ load, ls: images },
      prune: async () => (await import('./prune.ts')).pruneImages,
      ...{ pull, push, rm: rmi, save, tag },
    },
    aliases: { list: 'ls', remove: 'rm' },
  },
  network: {
    description: 'Look at networks',
    verbs: {
      inspect: async () => (await import('./inspect-objects.ts')).inspectNetworks,
      ls: async () => (await import('./network-ls.ts')).networkLs,
    },
    aliases: { list: 'ls' },
  },
  system: {
    description: 'Manage the engine',
    verbs: {
      df: async () => (await import('./system-df.ts')).systemDf,
      ...{ events, info },
      prune: async () => (await import('./prune.ts')).pruneSystem,
    },
  },
  volume: {
    description: 'Manage volumes',
    verbs: {
      create: async () => (await import('./volume-create.ts')).volumeCreate,
      inspect: async () => (await import('./inspect-objects.ts')).inspectVolumes,
      ls: async () => (await import('./volume-ls.ts')).volumeLs,
      prune: async () => (await import('./prune.ts')).pruneVolumes,
      rm: async () => (await import('./volume-rm.ts')).volumeRm,
    },
    aliases: { list: 'ls', remove: 'rm' },
  },
};
