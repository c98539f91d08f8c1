import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/assertions.ts';
import { withLock } from './locks.ts';

const test = suite('withLock');

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('who asks for the same key waits, in order; another key does not', async () => {
  const events: string[] = [];
  const work = (key: string, name: string) =>
    withLock(key, async () => {
      events.push(`${name} in`);
      await turn();
      await turn();
      events.push(`${name} out`);
    });
  await Promise.all([work('zone web1', 'a'), work('zone web1', 'b'), work('zone db1', 'c')]);
  assert.equal(
    events.filter((event) => !event.startsWith('c')),
    ['a in', 'a out', 'b in', 'b out'],
  );
  assert.ok(events.indexOf('c in') < events.indexOf('a out'));
});

test('a failure is the caller’s own and lets the next one in', async () => {
  const failing = withLock('routes', () => {
    throw new Error('no');
  });
  const next = withLock('routes', () => 'in');
  assert.is((await rejects(() => failing)).message, 'no');
  assert.is(await next, 'in');
});

test.run();
