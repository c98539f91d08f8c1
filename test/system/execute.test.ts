import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CommandResult } from '../../src/illumos/command.ts';
import { run } from '../../src/plan/step.ts';
import { execute } from '../../src/system/execute.ts';
import { createNodeSystem } from '../../src/system/node-system.ts';
import type { System } from '../../src/system/system.ts';
import { rejects } from '../support/assertions.ts';

const test = suite('execute');

/** A system on which commands end as given, one after the other, and time passes only by sleeping. */
function ending(...results: Partial<CommandResult>[]): System & { ran: string[] } {
  const ran: string[] = [];
  let now = 0;
  return {
    ...createNodeSystem({
      run: async ({ args }) => {
        ran.push(args.join(' '));
        return {
          timedOut: false,
          stdout: '',
          stderr: '',
          status: 0,
          ...results[Math.min(ran.length, results.length) - 1],
        };
      },
      log: () => undefined,
    }),
    monotonic: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    ran,
  };
}

const step = (how: Parameters<typeof run>[2] = {}) =>
  run('because', { program: '/usr/sbin/dladm', args: ['delete-vnic', 'znic0'] }, how);

test('stops at the first step that fails and says what, why and what was printed', async () => {
  const system = ending({ status: 1, stderr: "dladm: invalid link name 'znic0'\n" });
  const error = await rejects(() => execute([step(), step()], system));
  assert.is(error.code, 'COMMAND_FAILED');
  assert.is(
    error.message,
    "Cannot go on: /usr/sbin/dladm delete-vnic znic0 (because): exit status 1\n  dladm: invalid link name 'znic0'",
  );
  assert.is(system.ran.length, 1);
});

test('tries again while the link is busy, and only then', async () => {
  const busy = { status: 1, stderr: 'dladm: vnic deletion failed: link busy\n' };
  const system = ending(busy, busy, { status: 0 });
  await execute([step({ retrySeconds: 5 })], system);
  assert.is(system.ran.length, 3);
  assert.is((await rejects(() => execute([step()], ending(busy)))).code, 'COMMAND_FAILED');
  const other = ending({ status: 1, stderr: 'dladm: permission denied\n' });
  await rejects(() => execute([step({ retrySeconds: 5 })], other));
  assert.is(other.ran.length, 1);
});

test('gives up on a busy link when the time is over', async () => {
  const system = ending({ status: 1, stderr: 'link busy\n' });
  await rejects(() => execute([step({ retrySeconds: 1 })], system));
  assert.is(system.ran.length, 6);
});

test('a silent step fails on any word on stderr, though the exit status is 0', async () => {
  const lying = { status: 0, stderr: 'fopen(x) failed: No such file or directory\n' };
  assert.is((await rejects(() => execute([step({ silent: true })], ending(lying)))).code, 'COMMAND_FAILED');
  await execute([step()], ending(lying));
});

test('a tolerated status is success', async () => {
  await execute([step({ tolerates: [3] })], ending({ status: 3 }));
  assert.is((await rejects(() => execute([step({ tolerates: [3] })], ending({ status: 17 })))).code, 'COMMAND_FAILED');
});

test.run();
