import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiEvent, ApiFilters } from '../api/types.ts';
import { eventFilter } from './filters.ts';

function event(
  Type: ApiEvent['Type'],
  Action: string,
  ID: string,
  Attributes: Record<string, string>,
): ApiEvent {
  return { Type, Action, Actor: { ID, Attributes }, scope: 'local', time: 1, timeNano: 1e9 };
}

const start = event('container', 'start', 'abcdef', { name: 'web', image: 'debian:12', tier: 'front' });
const exec = event('container', 'exec_create: ls -l', 'abcdef', { name: 'web', image: 'debian:12' });
const pull = event('image', 'pull', 'debian:12', { name: 'debian' });
const mount = event('volume', 'mount', 'data', { container: 'abcdef' });

describe('eventFilter()', () => {
  for (const [filters, expected] of [
    [{}, [start, exec, pull, mount]],
    [{ type: ['container'] }, [start, exec]],
    [{ type: ['image', 'volume'] }, [pull, mount]],
    [{ event: ['start', 'pull'] }, [start, pull]],
    [{ event: ['exec_create'] }, [exec]],
    [{ event: ['exec'] }, []],
    [{ container: ['web'] }, [start, exec]],
    [{ container: ['abc'] }, [start, exec]],
    [{ container: ['db'] }, []],
    [{ image: ['debian'] }, [start, exec, pull]],
    [{ image: ['debian:12'] }, [start, exec, pull]],
    [{ image: ['debian:11'] }, []],
    [{ label: ['tier=front'] }, [start]],
    [{ volume: ['data'] }, [mount]],
    [{ scope: ['swarm'] }, []],
  ] as const) {
    test(JSON.stringify(filters), () => {
      assert.deepEqual([start, exec, pull, mount].filter(eventFilter(filters as ApiFilters)), expected);
    });
  }

  test('refuses filters that it does not know', () => {
    assert.throws(() => eventFilter({ colour: ['red'] }), {
      code: 'FILTER_INVALID',
      message: "invalid filter 'colour'",
    });
  });
});
