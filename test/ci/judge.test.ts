// The runner against every green lie of uvu (dependencies.md §2.5): each file here would end in exit status 0, or hang.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('judge');

interface Verdict {
  readonly faults: string[];
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
}

const UVU = pathToFileURL(join(process.cwd(), 'node_modules/uvu/dist/index.mjs')).href;
const ASSERT = pathToFileURL(join(process.cwd(), 'node_modules/uvu/assert/index.mjs')).href;

/** The verdict on a test file with that body. `t` is its suite. */
function verdictOn(body: string, seconds = 10): Verdict {
  const directory = mkdtempSync(join(tmpdir(), 'zn-judge-'));
  try {
    const file = join(directory, 'x.test.mjs');
    writeFileSync(
      file,
      `import { suite } from '${UVU}';\nimport * as assert from '${ASSERT}';\nconst t = suite('x');\n${body}\n`,
    );
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    const { stdout } = spawnSync(process.execPath, ['.ci/judge.mjs', file, `${seconds}`], { encoding: 'utf8', env });
    return JSON.parse(stdout) as Verdict;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('passes a file whose tests pass', () => {
  const body = "t('a', () => assert.is(1, 1)); t('b', async () => {}); t.run();";
  assert.equal(verdictOn(body), { faults: [], total: 2, passed: 2, skipped: 0 });
});

test('counts what a test says this machine cannot run', () => {
  const body = "t('a', () => console.log('SKIPPED: nginx, not installed')); t.run();";
  assert.equal(verdictOn(body), { faults: [], total: 1, passed: 1, skipped: 1 });
});

for (const [lie, body] of [
  ['a test that fails', "t('a', () => assert.is(1, 2)); t.run();"],
  ['a before hook that throws', "t.before(() => { throw new Error('x'); }); t('a', () => {}); t.run();"],
  [
    'an after.each that throws in a failing test',
    "t.after.each(() => { throw new Error('x'); }); t('a', () => assert.is(1, 2)); t.run();",
  ],
  ['a thrown string', "t('a', () => { throw 'x'; }); t('b', () => {}); t.run();"],
  ['a thrown null', "t('a', () => { throw null; }); t('b', () => {}); t.run();"],
  ['no run()', "t('a', () => assert.is(1, 2));"],
  ['a suite without tests', 't.run();'],
  ['.only left in', "t('a', () => assert.is(1, 2)); t.only('b', () => {}); t.run();"],
  ['.skip left in', "t.skip('a', () => assert.is(1, 2)); t('b', () => {}); t.run();"],
  ['a promise that never resolves', "t('a', () => new Promise(() => {})); t.run();"],
  ['process.exit(0) inside', "t('a', () => process.exit(0)); t.run();"],
  ['a floating rejection', "t('a', () => { Promise.reject(new Error('x')); }); t.run();"],
] as const) {
  test(`fails ${lie}`, () => assert.not.equal(verdictOn(body).faults, []));
}

test('a suite that could not begin tells why', async () => {
  const told = pathToFileURL(join(process.cwd(), '.ci/uvu.mjs')).href;
  const text = `import { suite } from '${told}'; const t = suite('x'); t.before(() => { throw new Error('no lab'); }); t('a', () => {}); t.run();`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  assert.match(stderr, /"x" could not begin: Error: no lab/);
});

test('ends a file that hangs on an open timer, and says so', () => {
  assert.equal(verdictOn("setInterval(() => {}, 1000); t('a', () => {}); t.run();", 1).faults, [
    'did not end within 1 s',
  ]);
});

test.run();
