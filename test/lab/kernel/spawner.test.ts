// Programs that the lab's C program starts say and end the same as those that Node starts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repository } from '../bring-up.ts';
import { chooseClient } from '../client/choose.ts';
import { runProgram } from './run-program.ts';
import { type RunProgram, startSpawner } from './spawner.ts';

const test = suite<{ directory: string; run: RunProgram; end: () => void }>('spawner');

test.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'spawner-'));
  Object.assign(context, startSpawner(chooseClient(repository(), context.directory, 'c')));
});

test.after(({ directory, end }) => {
  end();
  rmSync(directory, { recursive: true });
});

const big = 'all work and no play\n'.repeat(20_000);

for (const [what, argv, stdin] of [
  ['both outputs and a status', ['/bin/sh', '-c', 'echo out; echo err >&2; exit 7']],
  ['nothing', ['/bin/true']],
  ['no input is an empty one', ['/bin/cat']],
  ['words as they are', ['/usr/bin/printf', '%s|', '', ' ', 'a b', "it's", '$HOME', 'ü\n']],
  ['much in and out', ['/bin/cat'], big],
  ['input that nobody reads', ['/bin/sh', '-c', 'exec <&-; sleep 0.05; echo done'], big],
  ['a death', ['/bin/sh', '-c', 'kill -9 $$']],
  ['what closes its outputs early', ['/bin/sh', '-c', 'exec >&- 2>&-; sleep 0.05; exit 3']],
] as const) {
  test(what, async ({ run }) => {
    assert.equal(await run(argv, stdin), await runProgram(argv, stdin));
  });
}

test('many at once, each its own answer', async ({ run }) => {
  const numbers = Array.from({ length: 60 }, (_, index) => index);
  const said = await Promise.all(
    numbers.map((number) => run(['/bin/sh', '-c', `sleep 0.0$((${number} % 7)); cat; exit ${number}`], `${number}`)),
  );
  assert.equal(
    said,
    numbers.map((number) => ({ status: number, stdout: `${number}`, stderr: '' })),
  );
});

test('a program that is not there', async ({ run }) => {
  const { status, stderr } = await run(['/no/such']);
  assert.is(status, 127);
  assert.match(stderr, /no\/such: No such file/);
});

test.run();
