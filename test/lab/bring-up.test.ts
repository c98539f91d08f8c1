// Up and down, and killed in the middle: nothing may stay. The file starts itself as the runner that is killed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Mode } from './bring-up.ts';
import { startLab } from './lab.ts';

const RUNNER = 'LAB_TEST_RUNNER';
const NOBODY = 65534;

/** What a test reads from the runner: one line of JSON when the moment has come. */
interface Moment {
  readonly directory: string;
  readonly pid: number;
}

/** The runner: brings a lab up, says so at the moment it is asked for, and goes on until it is killed. */
async function beRunner(moment: string, mode: Mode | undefined) {
  const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
  if (moment === 'starting') say({});
  const lab = await startLab(mode === undefined ? {} : { mode });
  if (moment === 'starting') return;
  if (moment === 'working') {
    lab.spawn(['/bin/sh', '-c', 'for i in $(seq 50); do sleep 100 & done; wait']);
    lab.spawn(['/bin/sh', '-c', 'while :; do /usr/lib/lab/echo x; done']);
  }
  if (moment === 'done') await lab.stop();
  say({ directory: lab.directory, pid: lab.pid, mode: lab.mode });
  if (moment !== 'done') setInterval(() => {}, 1000);
}

const test = suite('bring-up');

interface Process {
  readonly pid: number;
  readonly parent: number;
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return [];
      }
    });
}

/** The process and all below it. */
function tree(root: number): number[] {
  const all = processes();
  const below = (pid: number): number[] => [
    pid,
    ...all.filter(({ parent }) => parent === pid).flatMap((p) => below(p.pid)),
  ];
  return below(root);
}

const alive = () => processes().map(({ pid }) => pid);

/** Waits until none of the processes is left. */
const gone = (pids: readonly number[]) => until(() => !alive().some((pid) => pids.includes(pid)));

function namespacesOf(pids: readonly number[]): Set<string> {
  const kinds = ['mnt', 'net', 'pid', 'user', 'uts', 'ipc'];
  return new Set(
    pids.flatMap((pid) =>
      kinds.flatMap((kind) => {
        try {
          return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
        } catch {
          return [];
        }
      }),
    ),
  );
}

/** What the machine itself has and no lab may touch. */
const machine = () => ({
  links: spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout,
  addresses: spawnSync('ip', ['-o', 'addr'], { encoding: 'utf8' }).stdout.replace(/valid_lft.*/g, ''),
  rules: spawnSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }).stdout,
  mounts: readFileSync('/proc/self/mounts', 'utf8'),
  names: existsSync('/run/netns') ? readdirSync('/run/netns') : [],
});

async function until(what: () => boolean, limitMs = 30_000) {
  const end = Date.now() + limitMs;
  while (!what()) {
    if (Date.now() > end) assert.unreachable('did not come about');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts the runner and waits for its line. */
async function startRunner(moment: string, mode?: Mode) {
  const [file = ''] = process.argv.slice(1);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, [RUNNER]: `${moment} ${mode ?? ''}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
    child.once('exit', () => reject(new Error('the runner ended')));
  });
  return { child, pid: child.pid ?? 0, moment: JSON.parse(line) as Moment };
}

const MODES: readonly (Mode | undefined)[] = process.getuid?.() === 0 ? ['userns', 'plain', 'rootless'] : ['rootless'];

for (const mode of MODES) {
  test(`${mode}: a lab comes up, works and goes, and the machine is as before`, async () => {
    const before = machine();
    const lab = await startLab(mode === undefined ? {} : { mode });
    const inside = tree(lab.pid);
    try {
      assert.is(lab.mode, mode);
      assert.is(await lab.mustRun('zonename'), 'global\n');
      assert.is((await lab.run('id -u')).stdout, '0\n');
    } finally {
      await lab.stop();
    }
    assert.not.ok(existsSync(lab.directory));
    await gone(inside);
    assert.equal(machine(), before);
  });

  test(`${mode}: the machine's files cannot be written from the lab`, async () => {
    const lab = await startLab(mode === undefined ? {} : { mode });
    const target = `/var/tmp/lab-was-here-${process.pid}`;
    try {
      const { status, stderr } = await lab.run(['/bin/touch', target], { netns: 'inet' });
      assert.is(status, 1);
      assert.match(stderr, 'Read-only file system');
    } finally {
      await lab.stop();
    }
    assert.not.ok(existsSync(target));
  });

  for (const moment of ['ready', 'working']) {
    test(`${mode}: SIGKILL of the runner while ${moment} leaves nothing but its run directory`, async () => {
      const before = machine();
      const { child, moment: lab } = await startRunner(moment, mode);
      const inside = tree(lab.pid);
      assert.ok(inside.length > 4);
      const namespaces = namespacesOf(inside);
      for (const namespace of namespacesOf([process.pid])) namespaces.delete(namespace);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await gone(inside);
      await until(() => ![...namespacesOf(alive())].some((namespace) => namespaces.has(namespace)));
      assert.equal(machine(), before);
      // It may be gone already: the labs of other test files start meanwhile.
      await (await startLab()).stop();
      assert.not.ok(existsSync(lab.directory), 'the next start removes it');
    });
  }
}

for (const victim of ['launch', 'outer init', 'labd'] as const) {
  test(`SIGKILL of ${victim} ends the whole lab`, async () => {
    const before = machine();
    const { child, moment: lab } = await startRunner('working');
    const inside = tree(lab.pid);
    // launch, what it unshared in, the outer init, labd: each is the first child of the one before.
    const pid = inside[{ launch: 0, 'outer init': 2, labd: 3 }[victim]] ?? 0;
    assert.ok(pid > 1);
    process.kill(pid, 'SIGKILL');
    await gone(inside);
    child.kill('SIGKILL');
    assert.equal(machine(), before);
  });
}

for (const wait of [5, 40, 80, 120]) {
  test(`SIGKILL of the runner ${wait} ms after it began to start a lab leaves no process`, async () => {
    const { child, pid } = await startRunner('starting');
    await new Promise((resolve) => setTimeout(resolve, wait));
    const inside = tree(pid).filter((one) => one !== pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await gone(inside);
    assert.not.ok(alive().includes(pid));
  });
}

test('a run directory of a dead runner goes at the next start, one of a living runner stays', async () => {
  const stale = mkdtempSync('/tmp/znlab-');
  writeFileSync(join(stale, 'owner'), `1 0 ${readlinkSync('/proc/self/ns/pid')}\n`);
  const living = await startLab();
  try {
    await (await startLab()).stop();
    assert.not.ok(existsSync(stale));
    assert.ok(existsSync(join(living.directory, 'ready')));
    assert.is(await living.mustRun('zonename'), 'global\n');
  } finally {
    await living.stop();
  }
});

test('a removal that was killed is finished by the next start', async () => {
  const half = `${mkdtempSync('/tmp/znlab-')}.gone`;
  mkdirSync(join(half, 'root'), { recursive: true });
  rmSync(half.replace(/\.gone$/, ''), { recursive: true });
  await (await startLab()).stop();
  assert.not.ok(existsSync(half));
});

test('two labs at once do not meet', async () => {
  const [one, two] = await Promise.all([startLab(), startLab()]);
  try {
    const marks = await Promise.all([one.mark(), two.mark()]);
    await one.run(['/usr/lib/lab/echo', 'one']);
    assert.is((await one.calls(marks[0])).length, 1);
    assert.is((await two.calls(marks[1])).length, 0);
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
});

function readable(path: string): boolean {
  const { status } = spawnSync('setpriv', [`--reuid=${NOBODY}`, '--clear-groups', 'test', '-r', path]);
  return status === 0;
}

test('an ordinary user brings a lab up', async () => {
  if (process.getuid?.() !== 0) return;
  const [file = ''] = process.argv.slice(1);
  if (!readable(file)) {
    console.log('SKIPPED: a lab of an ordinary user: the clone cannot be read by one');
    return;
  }
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  try {
    const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    const { status, stdout, stderr } = spawnSync('setpriv', [...ids, process.execPath, file], {
      env: { ...process.env, NODE_V8_COVERAGE: '', HOME: home, [RUNNER]: 'done' },
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
    assert.is((JSON.parse(stdout) as { mode: string }).mode, 'rootless');
  } finally {
    rmSync(home, { recursive: true });
  }
});

const asked = process.env[RUNNER]?.split(' ');
if (asked === undefined) test.run();
else await beRunner(asked[0] ?? '', (asked[1] || undefined) as Mode | undefined);
