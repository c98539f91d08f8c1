// The lock, held to several processes and to SIGKILL. Started with LOCK_DIR this file is one of those processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { acquireLock } from '../../src/system/lock.ts';
import { createProcessTable, startInPsinfo, startInStat } from '../../src/system/process-table.ts';
import { rejects } from '../support/assertions.ts';

const processes = createProcessTable();
const lockIn = (directory: string, waitMilliseconds = 20_000) =>
  acquireLock(join(directory, 'lock'), { processes, waitMilliseconds });

/** Adds one to a file under the lock, so often; or holds the lock until it is killed. */
async function worker(directory: string, rounds: number): Promise<void> {
  const counter = join(directory, 'counter');
  for (let round = 0; round < rounds; round += 1) {
    const release = await lockIn(directory);
    const value = Number(readFileSync(counter, 'utf8'));
    await setTimeout(1);
    writeFileSync(counter, `${value + 1}`);
    await release();
  }
  if (rounds === 0) {
    await lockIn(directory);
    process.stdout.write('held\n');
    await setTimeout(60_000);
  }
}

function start(directory: string, rounds: number): ChildProcess {
  const env = { ...process.env, LOCK_DIR: directory, LOCK_ROUNDS: `${rounds}` };
  return spawn(process.execPath, [fileURLToPath(import.meta.url)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.on('close', resolve));
const held = (child: ChildProcess) => new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));

if (process.env['LOCK_DIR'] !== undefined) {
  await worker(process.env['LOCK_DIR'], Number(process.env['LOCK_ROUNDS']));
} else {
  const test = suite<{ directory: string }>('lock');

  test.before.each((context) => {
    context.directory = mkdtempSync(join(tmpdir(), 'zonenet-lock-'));
  });
  test.after.each(({ directory }) => rmSync(directory, { recursive: true, force: true }));

  test('a lock that moves on is waited for, however many are before', async ({ directory }) => {
    const release = await lockIn(directory);
    const [second, third] = [lockIn(directory, 900), lockIn(directory, 900)];
    await setTimeout(600);
    await release();
    const [next, other] = await Promise.race([
      second.then((one) => [one, third] as const),
      third.then((one) => [one, second] as const),
    ]);
    await setTimeout(600);
    await next();
    // It has waited for 1.2 s, and for nobody longer than 0.6.
    await (await other)();
  });

  test('a boot program that this process was before holds nothing against it, one of another process does', async ({
    directory,
  }) => {
    mkdirSync(join(directory, 'lock'));
    const write = (number: number, pid: number, start: string | undefined) =>
      writeFileSync(join(directory, 'lock', `L.${number}`), JSON.stringify({ pid, start, boot: true }));
    write(1, process.pid, await processes.startOf(process.pid));
    await (await lockIn(directory, 0))();
    write(3, process.ppid, await processes.startOf(process.ppid));
    const error = await rejects(() => lockIn(directory, 50));
    assert.match(error.message, `process ${process.ppid} holds the lock`);
  });

  test('a lock that was begun and never written is nobody’s, after a while', async ({ directory }) => {
    mkdirSync(join(directory, 'lock'));
    writeFileSync(join(directory, 'lock', 'L.1'), '');
    await (await lockIn(directory, 5000))();
  });

  test('what a killed process left on its way to the lock goes, what a living one has stays', async ({ directory }) => {
    const gone = spawn('/bin/true');
    await ended(gone);
    mkdirSync(join(directory, 'lock'));
    const [stale, fresh] = [`.${gone.pid}.0a1b`, `.${process.pid}.0a1b`];
    for (const name of [stale, fresh, '.other']) writeFileSync(join(directory, 'lock', name), '{}');
    await lockIn(directory);
    assert.equal(readdirSync(join(directory, 'lock')).sort(), [fresh, '.other', 'L.1'].sort());
  });

  test('four processes at once lose nothing', async ({ directory }) => {
    writeFileSync(join(directory, 'counter'), '0');
    const statuses = await Promise.all([1, 2, 3, 4].map(() => ended(start(directory, 25))));
    assert.equal(statuses, [0, 0, 0, 0]);
    assert.is(readFileSync(join(directory, 'counter'), 'utf8'), '100');
    assert.is(readdirSync(join(directory, 'lock')).length, 1);
  });

  test('a lock that is held is waited for, and not longer than asked', async ({ directory }) => {
    const release = await lockIn(directory);
    const error = await rejects(() => lockIn(directory, 50));
    assert.is(error.code, 'LOCKED');
    assert.ok(error.message.includes(`process ${process.pid} holds`), error.message);
    await release();
    await (await lockIn(directory, 0))();
  });

  test('the lock of a killed process is taken over', async ({ directory }) => {
    for (let round = 0; round < 3; round += 1) {
      const child = start(directory, 0);
      await held(child);
      assert.is((await rejects(() => lockIn(directory, 0))).code, 'LOCKED');
      child.kill('SIGKILL');
      await ended(child);
    }
    await (await lockIn(directory, 0))();
    assert.is(readdirSync(join(directory, 'lock')).length, 1);
  });

  test('who waits comes to it in order, and one killed while waiting keeps nobody', async ({ directory }) => {
    const first = await lockIn(directory);
    const order: number[] = [];
    const waitingFiles = () => readdirSync(join(directory, 'lock')).filter((name) => name.startsWith('W.')).length;
    const wait = async (number: number) => {
      const release = await lockIn(directory);
      order.push(number);
      await setTimeout(2);
      await release();
    };
    const killed = start(directory, 0);
    while (waitingFiles() < 1) await setTimeout(2);
    const waiting: Promise<void>[] = [];
    for (let number = 0; number < 12; number += 1) {
      waiting.push(wait(number));
      while (waitingFiles() < number + 2) await setTimeout(2);
    }
    killed.kill('SIGKILL');
    await ended(killed);
    await first();
    await Promise.all(waiting);
    assert.equal(
      order,
      Array.from({ length: 12 }, (_, number) => number),
    );
    assert.equal(waitingFiles(), 0);
  });

  test('one that is stopped while it is next keeps the others for a moment only', async ({ directory }) => {
    const first = await lockIn(directory);
    const stopped = start(directory, 0);
    while (!readdirSync(join(directory, 'lock')).some((name) => name.startsWith('W.'))) await setTimeout(2);
    stopped.kill('SIGSTOP');
    const second = lockIn(directory, 5000);
    await setTimeout(50);
    await first();
    await (await second)();
    stopped.kill('SIGKILL');
    await ended(stopped);
  });

  test('a pid that was given to another process holds nothing', async ({ directory }) => {
    const release = await lockIn(directory);
    const file = join(directory, 'lock', 'L.1');
    writeFileSync(file, JSON.stringify({ pid: process.pid, start: 'earlier' }));
    await (await lockIn(directory, 0))();
    assert.not(existsSync(file));
    await release();
  });

  test('a process is known by its start on Linux', async () => {
    const fields = ['S', ...Array.from({ length: 18 }, (_, index) => `${index}`), '4711', '0'];
    assert.is(startInStat(Buffer.from(`42 (a b) c) ${fields.join(' ')}`)), '4711');
    assert.is(startInStat(Buffer.from(`42 (x) Z ${fields.slice(1).join(' ')}`)), undefined);
    assert.ok(await processes.startOf(process.pid));
    assert.is(await processes.startOf(4_194_305), undefined);
  });

  test('and by pr_start on illumos, where a zombie has no threads', () => {
    const psinfo = Buffer.alloc(416);
    psinfo.writeInt32LE(1, 4);
    psinfo.writeBigInt64LE(1_700_000_000n, 88);
    assert.is(startInPsinfo(psinfo), '00f153650000000000000000'.padEnd(32, '0'));
    psinfo.writeInt32LE(0, 4);
    assert.is(startInPsinfo(psinfo), undefined);
  });

  test.run();
}
