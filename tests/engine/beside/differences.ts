/**
 * Where our engine says something else than Debian's dockerd 20.10, and why. A line that is not here says the same, with
 * the same exit code; one that is here and says the same is out of date, and the test says so.
 */
export interface Difference {
  readonly reason: string;
  /** What dockerd 20.10 ends with, and what we end with; without it both end alike. */
  readonly codes?: readonly [dockerd: number, berth: number];
}

/** dockerd 25 to 28 have other words than 20.10; ours are theirs. */
const NEWER_WORDS: Difference = { reason: 'the words of Docker 28' };
const NEWER_FIELD: Difference = { reason: 'what Docker 28 does, by a newer version of the API' };
const OWN_WORDS = (reason: string): Difference => ({ reason: `our own sentence: ${reason}` });

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'image inspect nosuch': NEWER_WORDS,
  'run --rm small:1 nosuch': NEWER_WORDS,
  'run --rm small:1 /etc': NEWER_WORDS,
  'run --rm small:1': NEWER_WORDS,
  'run --rm --cpus 1000 small:1 true': NEWER_WORDS,
  'run --rm --network nosuch small:1 true': NEWER_WORDS,
  'exec first true': NEWER_WORDS,
  'pause first': NEWER_WORDS,
  'unpause first': NEWER_WORDS,
  'rm renamed': NEWER_WORDS,
  'kill -s NOSUCH renamed': NEWER_WORDS,
  'kill -s USR1 nosuch': NEWER_WORDS,
  'kill renamed': NEWER_WORDS,
  "commit -c 'FROM x' renamed mine:2": NEWER_WORDS,
  'run --rm --stop-signal NOSUCH small:1 true': NEWER_WORDS,
  'run --rm --runtime nosuch small:1 true': NEWER_WORDS,
  'run --rm --ipc nosuch small:1 true': NEWER_WORDS,
  'ps -a --filter nosuch=1': NEWER_WORDS,
  'ps --filter status=nosuch': NEWER_WORDS,
  'images --filter nosuch=1': NEWER_WORDS,
  'run -d --name second -p 8080:80 small:1 sleep 10': NEWER_WORDS,
  'exec first nosuch': {
    reason: 'Docker 25 and later: 127 for a program that is not there',
    codes: [126, 127],
  },
  'exec -w /nosuch first true': {
    reason: 'Docker 25 and later: 127 for anything that is not there',
    codes: [126, 127],
  },
  'run --rm --privileged small:1 grep CapEff /proc/self/status': {
    reason: 'dockerd 20.10 asks for capabilities that this kernel does not have',
    codes: [125, 0],
  },
  'run --rm --dns 192.0.2.1 --dns-search example.org small:1 grep -E ^(nameserver|search) /etc/resolv.conf': {
    reason: 'Docker 28 writes the servers first',
  },
  'volume prune -f': {
    ...NEWER_FIELD,
    reason: 'since API 1.42 only anonymous volumes, unless all are asked for',
  },
  'run --rm nosuch:image true': OWN_WORDS('which registry, what went wrong, what to do'),
  'pull localhost:1/nobody/home:1': OWN_WORDS('which registry, what went wrong, what to do'),
  load: OWN_WORDS('where in the archive, what to do'),
  'import - imported:1': OWN_WORDS('where in the archive, what to do'),
  'cp - chatty:/root': OWN_WORDS('where in the archive'),
  'run --rm --log-driver nosuch small:1 true': OWN_WORDS('it says which there are'),
  'run --rm --log-opt max-size=x small:1 true': OWN_WORDS('it names the option'),
};
