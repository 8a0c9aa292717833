import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRepositoryName } from '@berth/oci';
import type { Access, AuthorizeRequest, Authorizer } from './interface.ts';

export interface AuthorizerFixture extends AsyncDisposable {
  readonly authorizer: Authorizer;
  /** `Authorization` headers of a caller who may do just this in this repository; with every scheme it knows. */
  credentials(access: readonly Access[]): Promise<readonly string[]>;
  /** Headers that prove nothing: wrong password, forged token. */
  readonly bad: readonly string[];
  /** A header that was good for this access and ran out a minute longer ago than the leeway. */
  expired?(access: readonly Access[]): Promise<string>;
}

const NAME = parseRepositoryName('team/app');
const PULL: Access = { type: 'repository', name: NAME, action: 'pull' };
const PUSH: Access = { type: 'repository', name: NAME, action: 'push' };
const OTHER: Access = { type: 'repository', name: parseRepositoryName('team/other'), action: 'pull' };

/** What the registry relies on, whoever knows the users. */
export function authorizerSuite(name: string, create: () => Promise<AuthorizerFixture>): void {
  const ask = (
    authorization: string | undefined,
    access: readonly Access[],
    more: Partial<AuthorizeRequest> = {},
  ) => ({
    authorization,
    access,
    baseUrl: 'https://hub.example.org',
    remoteAddress: '203.0.113.7',
    ...more,
  });

  describe(`${name} as an Authorizer`, () => {
    it('authorize() challenges callers without credentials', async () => {
      await using fixture = await create();
      for (const access of [[{ type: 'ping' as const }], [PULL], [PULL, PUSH]]) {
        const decision = await fixture.authorizer.authorize(ask(undefined, access));
        assert.ok(!decision.allowed);
        assert.equal(decision.reason, 'unauthenticated');
        assert.ok(decision.challenge !== undefined && decision.message !== '');
      }
    });

    it('authorize() refuses credentials that prove nothing, and all of them in the same words', async () => {
      await using fixture = await create();
      const decisions = [];
      for (const header of fixture.bad)
        decisions.push(await fixture.authorizer.authorize(ask(header, [PULL])));
      for (const decision of decisions) {
        assert.ok(!decision.allowed);
        assert.equal(decision.reason, 'unauthenticated');
        assert.ok(decision.challenge !== undefined);
      }
    });

    it('authorize() allows what was granted, under one name, and nothing else', async () => {
      await using fixture = await create();
      const subjects = new Set<string>();
      for (const header of await fixture.credentials([PULL])) {
        const decision = await fixture.authorizer.authorize(ask(header, [PULL]));
        assert.ok(decision.allowed, header.slice(0, 10));
        subjects.add(decision.subject);
        assert.ok((await fixture.authorizer.authorize(ask(header, [{ type: 'ping' }]))).allowed);
        for (const access of [[PUSH], [PULL, PUSH], [OTHER], [{ type: 'catalog' as const }]]) {
          assert.ok(!(await fixture.authorizer.authorize(ask(header, access))).allowed);
        }
      }
      assert.equal(subjects.size, 1);
    });

    it('authorize() ends with its credentials, later where grace is given', async () => {
      await using fixture = await create();
      if (fixture.expired === undefined) return;
      const header = await fixture.expired([PULL, PUSH]);
      assert.ok(!(await fixture.authorizer.authorize(ask(header, [PULL, PUSH]))).allowed);
      const inSession = ask(header, [PULL, PUSH], { expiredGraceMs: 3_600_000 });
      assert.ok((await fixture.authorizer.authorize(inSession)).allowed);
      const tooLate = ask(header, [PULL, PUSH], { expiredGraceMs: 1000 });
      assert.ok(!(await fixture.authorizer.authorize(tooLate)).allowed);
      const otherAccess = ask(header, [OTHER], { expiredGraceMs: 3_600_000 });
      assert.ok(!(await fixture.authorizer.authorize(otherAccess)).allowed);
    });
  });
}
