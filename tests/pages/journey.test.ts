import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BerthRun, newUser } from '../cli/run-berth.ts';
import { openBrowser } from '../lab/browser.ts';
import { startHub, type TestHub } from '../lab/hub.ts';
import { copied, DESK, isTooWide, openWindow, PHONE } from './visitor.ts';

const PASSWORD = 'a long enough password';
const DIGEST = /^sha256:[0-9a-f]{64}$/;

test('the pages lead from the set-up link to an account, its repositories, out, and in again', async (t) => {
  const opened = await openBrowser(t);
  if (opened === undefined) return;
  await using hub = await startHub({ admin: false });
  const { page, look, assertNoComplaints } = await openWindow(t, opened);
  const link = hub.report.setupLink ?? assert.fail('There is no set-up link');

  await page.goto(hub.report.url);
  await page.getByText('This Hub has no account yet').waitFor();
  await look('en-1-before-set-up');

  await page.goto(link);
  await page.getByLabel('User name').fill('Alice');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByText('This name cannot be used').waitFor();
  assert.ok(await isFocused(page.getByLabel('User name')));
  await look('en-2-set-up-refused');

  await page.getByLabel('User name').fill('alice');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await page.getByText(`docker push ${hub.host}/alice/debian`).waitFor();
  await look('en-3-repositories');

  await page.goto(link);
  await page.getByText('This Hub is set up already').waitFor();
  await page.getByRole('link', { name: 'Berth' }).click();

  await page.getByRole('link', { name: 'library/hello' }).click();
  await page.getByRole('rowheader', { name: 'latest' }).waitFor();
  await page.getByText('linux/arm64').waitFor();
  assert.equal(await page.title(), 'library/hello · Berth');
  await look('en-4-repository');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('User name').fill('alice');
  await page.getByLabel('Password').fill('the wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const refusal = await page.getByRole('alert').textContent();
  await look('en-5-wrong-password');
  await page.getByLabel('User name').fill('nobody');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  // Which part was wrong is not told: the same words for a name that is not there.
  assert.equal(await page.getByRole('alert').textContent(), refusal);

  await page.getByRole('link', { name: 'Create account' }).click();
  await look('en-6-sign-up');
  await page.getByLabel('User name').fill('alice');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('This name is taken').waitFor();
  await page.getByLabel('User name').fill('bob');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();

  await page.goto(`${hub.report.url}/r/bob/nothing`);
  await page.getByText('There is no such repository').waitFor();
  await page.goto(`${hub.report.url}/nowhere`);
  await page.getByText('There is no such page').waitFor();
  assertNoComplaints();
});

test('a repository page shows digest, size, platform and age of what was pushed, and what to copy', async (t) => {
  const opened = await openBrowser(t);
  if (opened === undefined) return;
  await using hub = await startHub();
  await pushPrivate(hub, 'admin/team/tools');
  const { page, look, assertNoComplaints } = await openWindow(t, { ...opened, colorScheme: 'dark' });
  await page.goto(`${hub.report.url}/r/admin/team/tools`);
  await page.getByText('There is no such repository').waitFor();

  await page.goto(`${hub.report.url}/sign-in`);
  await page.getByLabel('User name').fill(hub.username);
  await page.getByLabel('Password').fill(hub.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'admin/team/tools' }).click();
  const row = page.getByRole('row', { name: '1.0' });
  for (const text of ['linux/amd64', 'just now', 'by admin']) await row.getByText(text).waitFor();
  await page.getByText('private', { exact: true }).waitFor();
  await look('en-7-private-repository-dark');

  await row.getByRole('button').click();
  const digest = await copied(page);
  assert.match(digest, DIGEST);
  const answer = await hub.api('GET', '/v2/namespaces/admin/repositories/team%2Ftools/tags/1.0');
  assert.equal(JSON.parse(answer.text).digest, digest);
  await page.getByRole('button', { name: 'Copy: npx berth copy' }).click();
  assert.equal(await copied(page), `npx berth copy ${hub.host}/admin/team/tools:1.0 oci:./tools`);
  assertNoComplaints();
});

test('the pages speak Chinese, and fit a phone, light and dark', async (t) => {
  const opened = await openBrowser(t);
  if (opened === undefined) return;
  await using hub = await startHub();
  await pushPrivate(hub, 'admin/a-rather-long-name-of-a-repository/with-a-second-part-to-it');
  for (const colorScheme of ['light', 'dark'] as const) {
    const how = { locale: 'zh-CN', viewport: PHONE, colorScheme };
    const { page, look, assertNoComplaints } = await openWindow(t, { ...opened, ...how });
    await page.goto(`${hub.report.url}/sign-in`);
    await page.getByLabel('用户名').fill('admin');
    await page.getByLabel('密码').fill('这不是密码');
    await page.getByRole('button', { name: '登录' }).click();
    assert.equal(await page.getByRole('alert').textContent(), '用户名与密码不匹配。');
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    await look(`zh-1-sign-in-${colorScheme}`);
    await page.getByLabel('密码').fill(hub.password);
    await page.getByRole('button', { name: '登录' }).click();
    await page.getByRole('link', { name: 'library/hello' }).waitFor();
    assert.ok(!(await isTooWide(page)));
    await look(`zh-2-repositories-${colorScheme}`);
    await page.getByRole('link', { name: 'with-a-second-part' }).click();
    await page.getByRole('rowheader', { name: '1.0' }).waitFor();
    assert.ok(!(await isTooWide(page)));
    await look(`zh-3-repository-${colorScheme}`);
    await page.goto(`${hub.report.url}/r/library/hello`);
    await page.getByText('linux/arm64').waitFor();
    await look(`zh-4-index-${colorScheme}`);
    await page.setViewportSize(DESK);
    await look(`zh-5-index-desk-${colorScheme}`);
    await page.getByLabel('语言').selectOption('English');
    await page.getByRole('heading', { name: 'Tags' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Tags' }).waitFor();
    assertNoComplaints();
  }
});

test('everything can be done with the keyboard alone', async (t) => {
  const opened = await openBrowser(t);
  if (opened === undefined) return;
  await using hub = await startHub({ admin: false });
  const { page, assertNoComplaints } = await openWindow(t, opened);
  await page.goto(hub.report.setupLink ?? '');
  await page.getByLabel('User name').waitFor();
  const { keyboard } = page;
  await tabTo('User name');
  await keyboard.type('alice');
  await tabTo('Password');
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await page.getByRole('link', { name: 'library/hello' }).waitFor();
  await tabTo('library/hello');
  await keyboard.press('Enter');
  await page.getByRole('rowheader', { name: 'latest' }).waitFor();
  await tabTo('Copy: docker pull');
  await keyboard.press('Enter');
  assert.equal(await copied(page), `docker pull ${hub.host}/library/hello`);
  await tabTo('Sign out');
  await keyboard.press('Enter');
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
  assertNoComplaints();

  /** Presses Tab until the focus is on what is called so; everything focused on the way has a name and shows it. */
  async function tabTo(name: string): Promise<void> {
    for (let presses = 0; presses < 40; presses++) {
      await keyboard.press('Tab');
      const focused = await page.evaluate<{ name: string; isShown: boolean }>(FOCUSED);
      if (focused.name === '') continue;
      assert.ok(focused.isShown, `The focus on "${focused.name}" cannot be seen`);
      if (focused.name.startsWith(name)) return;
    }
    throw new Error(`Tab never reached "${name}"`);
  }
});

const FOCUSED = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return { name: '', isShown: true };
  const label = one.labels?.[0]?.querySelector('span')?.textContent;
  return {
    name: one.getAttribute('aria-label') ?? label ?? one.textContent.trim(),
    isShown: getComputedStyle(one).outlineStyle !== 'none',
  };
})()`;

async function isFocused(locator: { evaluate(script: (one: never) => unknown): Promise<unknown> }) {
  return await locator.evaluate((one: { readonly ownerDocument: { readonly activeElement: unknown } }) =>
    Object.is(one, one.ownerDocument.activeElement),
  );
}

/** One platform of the first image, under a name that only its owner sees. */
async function pushPrivate(hub: TestHub, name: string): Promise<void> {
  const [namespace, ...rest] = name.split('/');
  const path = `/v2/namespaces/${namespace}/repositories`;
  const json = { name: rest.join('/'), is_private: true };
  assert.equal((await hub.api('POST', path, { json })).status, 201);
  await using user = await newUser();
  const signIn = ['login', '--username', hub.username, '--password-stdin', hub.host];
  await must(user.berth(signIn, { input: hub.password }));
  const source = `${hub.host}/library/hello`;
  await must(user.berth(['copy', '--platform', 'linux/amd64', source, `${hub.host}/${name}:1.0`]));
}

async function must(run: Promise<BerthRun>): Promise<void> {
  const { code, stderr } = await run;
  assert.equal(code, 0, stderr);
}
