import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../support/assertions.ts';
import type { ClientKind } from './client/choose.ts';
import type { LabHandle } from './lab.ts';
import { saveFaults, startLab } from './lab.ts';

const ECHO = '/usr/lib/lab/echo';

/** Everything that passes through the client, which there is twice: lab.c and lab.pl. */
function labSuite(client: ClientKind) {
  const test = suite<{ lab: LabHandle }>(`lab (${client})`);

  test.before(async (context) => {
    context.lab = await startLab({ client });
  });

  test.before.each(async ({ lab }) => {
    await lab.clearFaults();
  });

  test.after(async ({ lab }) => {
    await lab.stop();
  });

  test('a program runs with a clean environment in the global zone', async ({ lab }) => {
    const { stdout } = await lab.run(['/usr/bin/env'], { env: { GREETING: 'good morning' } });
    const names = stdout.split('\n').map((line) => line.split('=')[0]);
    assert.equal(names.filter((name) => name !== '').sort(), ['GREETING', 'HOME', 'LOGNAME', 'PATH', 'SHELL', 'TZ']);
  });

  test('zonename answers by the socket a call came in by', async ({ lab }) => {
    assert.equal(await lab.run(['zonename']), { status: 0, signal: null, stdout: 'global\n', stderr: '' });
  });

  test('a status and a signal are the program’s own', async ({ lab }) => {
    assert.is((await lab.run('exit 7')).status, 7);
    assert.is((await lab.run('kill -TERM $$')).signal, 'SIGTERM');
    assert.is((await lab.run(['/no/such/program'])).status, 127);
  });

  test('nothing of the machine’s /etc is seen, and /usr and the software cannot be written', async ({ lab }) => {
    const { stdout } = await lab.run(
      'cat /etc/nodename; readlink /etc/hosts; touch /usr/x /lib/x86_64-linux-gnu/x 2>&1',
    );
    assert.match(stdout, /^lab\n\.\/inet\/hosts\n/);
    assert.is(stdout.match(/Read-only file system/g)?.length, 2);
    assert.is((await lab.run('ls /etc/debian_version /etc/shadow /etc/os-release')).stdout, '');
  });

  test('node has an illumos path', async ({ lab }) => {
    const { stdout } = await lab.run(['/opt/ooce/bin/node', '-p', 'process.version']);
    assert.is(stdout, `${process.version}\n`);
  });

  test('blanks, quotes, newlines and more than ASCII pass through client and recorder', async ({ lab }) => {
    const words = ['a b', '', "it's", '"q"', 'two\nlines', '$HOME `id` \\', 'grün', '\t', '-x', '*'];
    const mark = await lab.mark();
    const { stdout } = await lab.run([ECHO, ...words], { env: { SMF_FMRI: 'a "b"\nc' } });
    assert.equal(JSON.parse(stdout), words);
    const [call] = await lab.calls(mark);
    assert.equal(call?.argv, ['echo', ...words]);
    assert.is(call?.env['SMF_FMRI'], 'a "b"\nc');
    assert.is(call?.stdout, stdout);
  });

  test('ten megabytes go in and out', async ({ lab }) => {
    const stdin = 'zone\n'.repeat(2 ** 21);
    const { stdout } = await lab.run([ECHO, '-i'], { stdin });
    assert.is(stdout.length, '["-i"]\n'.length + stdin.length);
    assert.ok(stdout.endsWith(stdin));
  });

  test('32 calls at once are answered and recorded, each by itself', async ({ lab }) => {
    const mark = await lab.mark();
    const script = `for i in $(seq 32); do ${ECHO} $i & done; wait`;
    const { stdout } = await lab.run(script);
    const all = Array.from({ length: 32 }, (_, index) => `["${index + 1}"]`).sort();
    assert.equal(stdout.trim().split('\n').sort(), all);
    assert.is((await lab.calls(mark)).length, 32);
  });

  test('fault: fail has no effect but its words', async ({ lab }) => {
    await lab.fault({ cmd: 'echo', match: 'b c', action: 'fail', status: 9, stderr: 'echo: no\n' });
    const { stdout, stderr } = await lab.run(`${ECHO} a; ${ECHO} b c; echo $?; ${ECHO} b c`);
    assert.is(stdout, '["a"]\n9\n["b","c"]\n');
    assert.is(stderr, 'echo: no\n');
  });

  test('fault: nth and count choose calls', async ({ lab }) => {
    await lab.fault({ cmd: 'echo', nth: 2, count: 2, action: 'fail' });
    const { stdout } = await lab.run(`for i in 1 2 3 4; do ${ECHO} $i > /dev/null; echo $?; done`);
    assert.is(stdout, '0\n1\n1\n0\n');
  });

  test('fault: a count of 0 is for ever', async ({ lab }) => {
    await lab.fault({ action: 'fail', count: 0 });
    const { stdout } = await lab.run(`for i in 1 2 3; do ${ECHO} $i > /dev/null; echo $?; done`);
    assert.is(stdout, '1\n1\n1\n');
  });

  test('fault: another zone’s is not met', async ({ lab }) => {
    await lab.fault({ zone: 'web1', action: 'fail', count: 0 });
    assert.is((await lab.run([ECHO])).status, 0);
  });

  test('fault: fail-after takes effect and loses the answer', async ({ lab }) => {
    const mark = await lab.mark();
    await lab.fault({ cmd: 'echo', action: 'fail-after', status: 3, stderr: 'lost\n' });
    assert.equal(await lab.run([ECHO, 'x']), { status: 3, signal: null, stdout: '', stderr: 'lost\n' });
    const [call] = await lab.calls(mark);
    assert.is(call?.stdout, '["x"]\n');
    assert.is(call?.fault, 'fail-after');
  });

  for (const action of ['kill-before', 'kill-after'] as const) {
    test(`fault: ${action} kills the tool that made the call`, async ({ lab }) => {
      const mark = await lab.mark();
      await lab.fault({ cmd: 'echo', nth: 2, action });
      const { stdout, signal } = await lab.run(`${ECHO} 1; ${ECHO} 2; echo survived`);
      assert.is(signal, 'SIGKILL');
      assert.is(stdout, '["1"]\n');
      const last = (await lab.calls(mark)).at(-1);
      assert.is(last?.stdout, action === 'kill-after' ? '["2"]\n' : '');
    });
  }

  test('fault: a stand-in started by the test itself dies alone', async ({ lab }) => {
    await lab.fault({ cmd: 'echo', action: 'kill-before' });
    assert.is((await lab.run([ECHO])).signal, 'SIGKILL');
    assert.is((await lab.run([ECHO])).status, 0);
  });

  test('fault: delay answers later', async ({ lab }) => {
    await lab.fault({ cmd: 'echo', action: 'delay', ms: 50 });
    const mark = await lab.mark();
    assert.is((await lab.run([ECHO])).status, 0);
    assert.ok(((await lab.calls(mark))[0]?.ms ?? 0) >= 49);
  });

  test('fault: hang never answers', async ({ lab }) => {
    await lab.fault({ cmd: 'echo', action: 'hang' });
    assert.is((await lab.run([ECHO], { timeoutMs: 300 })).signal, 'SIGKILL');
  });

  test('faults are replayed from a file, and a seed fixes a mix of them', async ({ lab }) => {
    const directory = mkdtempSync(join(tmpdir(), 'faults-'));
    const file = join(directory, 'faults.jsonl');
    try {
      const mix = await lab.randomFaults(['dladm', 'echo'], 5, 42);
      await lab.clearFaults();
      assert.equal(await lab.randomFaults(['dladm', 'echo'], 5, 42), mix);
      await lab.clearFaults();
      saveFaults(file, [{ cmd: 'echo', action: 'fail', status: 4 }]);
      await lab.replayFaults(file);
      assert.is((await lab.run([ECHO])).status, 4);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('what is not modelled exits 125 and says so', async ({ lab }) => {
    const { status, stderr } = await lab.run(['zonename', '-x']);
    assert.is(status, 125);
    assert.is(stderr, 'lab: not modelled: zonename -x\n');
    assert.equal(await lab.takeNotModelled(), ['global: zonename -x: not modelled: zonename -x']);
  });

  test('a refusal fails the test that ran, even if the tool swallowed it', async () => {
    const other = await startLab();
    await other.run('zonename -x 2> /dev/null || true');
    const error = await rejects(() => other.stop());
    assert.match(error.message, 'zonename -x');
  });

  if (client === 'c') {
    test('a program is killed before its nth change of a file', async ({ lab }) => {
      const script = `const { promises: fs } = require('node:fs');
        (async () => {
          await fs.mkdir('/tmp/d');
          await fs.writeFile('/tmp/d/a', 'x');
          await fs.rename('/tmp/d/a', '/tmp/d/b');
          process.stdout.write('a pipe is no file');
          require('node:child_process').execFileSync('/bin/rm', ['/tmp/d/b']);
          await fs.rmdir('/tmp/d');
        })()`;
      const run = (nth: number) =>
        lab.run(['/usr/lib/lab/lab', 'crash-at', String(nth), '/tmp/list', '/opt/ooce/bin/node', '-e', script]);
      const changes = ['mkdir /tmp/d', 'create /tmp/d/a', 'write /tmp/d/a', 'rename /tmp/d/b', 'rmdir /tmp/d'];
      assert.equal(await run(0), { status: 0, signal: null, stdout: 'a pipe is no file', stderr: '' });
      assert.is(await lab.readFile('global', '/tmp/list'), `${changes.join('\n')}\n`);
      assert.is((await run(4)).signal, 'SIGKILL');
      assert.is(await lab.mustRun('cat /tmp/list; ls /tmp/d; cat /tmp/d/a'), `${changes.slice(0, 4).join('\n')}\na\nx`);
      await lab.mustRun('rm -r /tmp/d');
      assert.is((await run(3)).signal, 'SIGKILL');
      assert.is(await lab.mustRun('stat -c %s /tmp/d/a; rm -r /tmp/d'), '0\n');
    });
  }

  test('a killed caller leaves the lab working', async ({ lab }) => {
    await lab.fault({ cmd: 'echo', action: 'hang' });
    const caller = lab.spawn([ECHO]);
    await caller.pid;
    await caller.kill();
    assert.is((await caller.ended).signal, 'SIGKILL');
    await lab.clearFaults();
    assert.is((await lab.run([ECHO])).status, 0);
  });

  test('a long run is heard line by line and takes signals', async ({ lab }) => {
    const lines: string[] = [];
    const child = lab.spawn([
      '/bin/sh',
      '-c',
      'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.02; done',
    ]);
    child.onLine((line) => lines.push(line));
    await child.said('ready');
    await child.kill('SIGTERM');
    assert.is((await child.ended).status, 3);
    assert.equal(lines, ['ready', 'bye']);
  });

  test('the outside has the machine’s programs and a network of its own', async ({ lab }) => {
    const { stdout } = await lab.run(['ip', '-br', 'addr'], { netns: 'inet' });
    assert.match(stdout, /^lo /);
  });

  test('frames are seen on a wire and sent', async ({ lab }) => {
    await lab.mustRun('ip link add left type veth peer name right && ip link set left up && ip link set right up', {
      netns: 'inet',
    });
    const frame = `02000000000202000000000188b5${'00'.repeat(50)}`;
    const [left, right] = await Promise.all(['left', 'right'].map((name) => lab.capture({ netns: 'inet' }, name)));
    await lab.inject({ netns: 'inet' }, 'left', [frame]);
    for (const [capture, direction] of [
      [left, 'out'],
      [right, 'in'],
    ] as const) {
      const seen = await capture?.seen(({ hex }) => hex === frame);
      assert.is(seen?.direction, direction);
      await capture?.stop();
    }
  });

  test('a full disk fails what is written with ENOSPC, and room makes it work again', async ({ lab }) => {
    const write = () => lab.run('head -c 5000 /dev/zero > /etc/zonenet/file; stat -c %s /etc/zonenet/file');
    await lab.writeFile('global', '/etc/zonenet/before', 'x\n');
    await lab.ownDisk('/etc/zonenet', 64);
    assert.is(await lab.readFile('global', '/etc/zonenet/before'), 'x\n');
    await lab.fillDisk('/etc/zonenet', 4);
    const full = await write();
    assert.match(full.stderr, 'No space left on device');
    assert.is(full.stdout, '4096\n');
    await lab.freeDisk('/etc/zonenet');
    assert.equal(await write(), { status: 0, signal: null, stdout: '5000\n', stderr: '' });
    await lab.mustRun('umount /etc/zonenet; rm -r /etc/zonenet');
  });

  test('the clock of the lab jumps', async ({ lab }) => {
    await lab.setClock(3_600_000);
    const hour = Number((await lab.mustRun([ECHO, '-t'])).split('\n')[1]) - Date.now();
    assert.ok(Math.abs(hour - 3_600_000) < 60_000);
    await lab.setClock(0);
  });

  test('a dump is the same until something changes', async ({ lab }) => {
    const before = await lab.dump();
    assert.equal(await lab.dump(), before);
    await lab.writeFile('global', '/etc/zonenet/zonenet.ini', 'x = 1\n');
    const after = (await lab.dump())['files'] as { global: Record<string, string> };
    assert.match(after.global['/etc/zonenet/zonenet.ini'] ?? '', /^file 644 0:0 /);
    await lab.mustRun(['rm', '-r', '/etc/zonenet']);
    assert.equal(await lab.dump(), before);
  });

  test.run();
}

labSuite('perl');
if (spawnSync('cc', ['--version']).status === 0) labSuite('c');
else console.log('SKIPPED: the client in C: no compiler');
