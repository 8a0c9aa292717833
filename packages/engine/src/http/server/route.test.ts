import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROUTES } from '../routes.ts';
import { compileRoutes, type RouteMatch } from './route.ts';

const router = compileRoutes(ROUTES);

function match(line: string): RouteMatch {
  const [method = '', path = ''] = line.split(' ');
  const found = router.match(method, path, 50);
  assert.ok(found !== undefined && 'route' in found, line);
  return found;
}

describe('the route table', () => {
  it('takes names of images whole, slashes and ports with them', () => {
    for (const [line, pattern, name] of [
      ['GET /images/localhost:5000/team/app:1.2/json', '/images/{name*}/json', 'localhost:5000/team/app:1.2'],
      ['GET /images/a/json/json', '/images/{name*}/json', 'a/json'],
      ['POST /images/a/push/push', '/images/{name*}/push', 'a/push'],
      ['DELETE /images/sha256:abc', '/images/{name*}', 'sha256:abc'],
      ['GET /images/a%2Fb/history', '/images/{name*}/history', 'a/b'],
      ['GET /distribution/a/b:1/json', '/distribution/{name*}/json', 'a/b:1'],
    ] as const) {
      const found = match(line);
      assert.equal(found.route.pattern, pattern);
      assert.equal(found.params.name, name);
    }
  });

  it('prefers fixed paths to names', () => {
    assert.equal(match('GET /images/json').route.pattern, '/images/json');
    assert.equal(match('GET /images/get').route.pattern, '/images/get');
    assert.equal(match('POST /images/create').route.pattern, '/images/create');
    assert.equal(match('POST /volumes/prune').route.pattern, '/volumes/prune');
  });

  it('lets no name cross a slash, encoded or not', () => {
    assert.equal(match('GET /containers/..%2f..%2fetc/json').params.name, '../../etc');
    assert.equal(router.match('GET', '/containers/../../etc/json', 50), undefined);
    assert.equal(router.match('GET', '/containers//json', 50), undefined);
    assert.equal(router.match('GET', '/containers/%zz/json', 50), undefined);
  });

  it('says which methods a path has instead', () => {
    assert.deepEqual(router.match('PATCH', '/containers/x/archive', 50), ['HEAD', 'GET', 'PUT']);
  });

  // Docker Engine API 1.50, all of its paths but those of the swarm family.
  it('has every path of the API', () => {
    for (const line of [
      'GET /containers/json|POST /containers/create|GET /containers/x/json|GET /containers/x/top|GET /containers/x/logs',
      'GET /containers/x/changes|GET /containers/x/export|GET /containers/x/stats|POST /containers/x/resize',
      'POST /containers/x/start|POST /containers/x/stop|POST /containers/x/restart|POST /containers/x/kill',
      'POST /containers/x/update|POST /containers/x/rename|POST /containers/x/pause|POST /containers/x/unpause',
      'POST /containers/x/attach|GET /containers/x/attach/ws|POST /containers/x/wait|DELETE /containers/x',
      'HEAD /containers/x/archive|GET /containers/x/archive|PUT /containers/x/archive|POST /containers/prune',
      'GET /containers/x/checkpoints|POST /containers/x/checkpoints|DELETE /containers/x/checkpoints/y',
      'GET /images/json|POST /build|POST /build/prune|POST /build/cancel|POST /images/create|GET /images/x/json',
      'GET /images/x/history|POST /images/x/push|POST /images/x/tag|DELETE /images/x|GET /images/search',
      'POST /images/prune|POST /auth|GET /info|GET /version|GET /_ping|HEAD /_ping|POST /commit|GET /events',
      'GET /system/df|GET /images/x/get|GET /images/get|POST /images/load|POST /containers/x/exec',
      'POST /exec/x/start|POST /exec/x/resize|GET /exec/x/json|GET /volumes|POST /volumes/create',
      'GET /volumes/x|PUT /volumes/x|DELETE /volumes/x|POST /volumes/prune|GET /networks|GET /networks/x',
      'DELETE /networks/x|POST /networks/create|POST /networks/x/connect|POST /networks/x/disconnect',
      'POST /networks/prune|GET /plugins|GET /plugins/privileges|POST /plugins/pull|GET /plugins/x/json',
      'DELETE /plugins/x|POST /plugins/x/enable|POST /plugins/create|GET /nodes|GET /swarm|POST /swarm/init',
      'POST /swarm/join|POST /swarm/leave|POST /swarm/update|GET /swarm/unlockkey|POST /swarm/unlock',
      'GET /services|POST /services/create|GET /services/x/logs|GET /tasks|GET /secrets|POST /secrets/create',
      'GET /configs|DELETE /configs/x|GET /distribution/x/json|POST /session|POST /grpc',
    ].flatMap((lines) => lines.split('|'))) {
      match(line);
    }
  });

  it('either answers or takes over', () => {
    for (const { answer, takeover, pattern } of ROUTES) {
      assert.notEqual(answer === undefined, takeover === undefined, pattern);
    }
  });
});
