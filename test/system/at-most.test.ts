// Calls that wait their turn.
import { setTimeout } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { atMost } from '../../src/system/at-most.ts';

const test = suite('at most');

test('never more than so many are under way, all are done, and a failure frees its place', async () => {
  let [running, most] = [0, 0];
  const work = atMost(3, async (number: number) => {
    running += 1;
    most = Math.max(most, running);
    await setTimeout(1);
    running -= 1;
    if (number % 5 === 0) throw new Error(`fails: ${number}`);
    return number * 2;
  });
  const results = await Promise.allSettled(Array.from({ length: 40 }, (_, number) => work(number)));
  assert.is(most, 3);
  assert.equal(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    Array.from({ length: 40 }, (_, number) => (number % 5 === 0 ? `fails: ${number}` : number * 2)),
  );
});

test.run();
