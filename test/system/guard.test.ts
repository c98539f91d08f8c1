import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../src/system/execute.ts';
import { createNodeSystem } from '../../src/system/node-system.ts';
import { runWithSpawn } from '../../src/system/run-spawn.ts';
import { rejects } from '../support/assertions.ts';

const system = createNodeSystem({ run: runWithSpawn, log: () => undefined });
const guard = (below: string) =>
  execute([{ kind: 'guard', reason: 'a test', below, path: 'root/etc/svc/repository.db' }], system);

const test = suite<{ zone: string }>('guard');

test.before.each((context) => {
  context.zone = mkdtempSync(join(tmpdir(), 'zonenet-guard-'));
  mkdirSync(join(context.zone, 'root/etc/svc'), { recursive: true });
  writeFileSync(join(context.zone, 'root/etc/svc/repository.db'), '');
});
test.after.each(({ zone }) => rmSync(zone, { recursive: true, force: true }));

test('a path without links passes', async ({ zone }) => {
  await guard(zone);
});

for (const part of ['root', 'root/etc', 'root/etc/svc', 'root/etc/svc/repository.db']) {
  test(`a link at ${part} is refused`, async ({ zone }) => {
    const elsewhere = join(zone, 'elsewhere');
    mkdirSync(join(elsewhere, 'etc/svc'), { recursive: true });
    rmSync(join(zone, part), { recursive: true });
    symlinkSync(elsewhere, join(zone, part));
    const error = await rejects(() => guard(zone));
    assert.is(error.code, 'FILE_REFUSED');
    assert.ok(error.message.includes(`at "${join(zone, part)}" it is a symbolic link`), error.message);
  });
}

test('a path that is not there is refused', async ({ zone }) => {
  rmSync(join(zone, 'root/etc/svc'), { recursive: true });
  assert.match((await rejects(() => guard(zone))).message, /it is not there$/);
});

test('a directory that is to go only when it is empty stays with something in it', async ({ zone }) => {
  const step = (path: string) => ({ kind: 'remove', reason: 'a test', path: join(zone, path), ifEmpty: true }) as const;
  await execute([step('root/etc'), step('nowhere')], system);
  await guard(zone);
  mkdirSync(join(zone, 'empty'));
  await execute([step('empty')], system);
  assert.is(await system.kindOf(join(zone, 'empty')), undefined);
});

test.run();
