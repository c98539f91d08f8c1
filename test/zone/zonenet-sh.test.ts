// The method program under a strict shell: what it does without Node, and what it hands to Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('zonenet.sh');

const directory = mkdtempSync(join(tmpdir(), 'zonenet-sh-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** The program with its absolute paths below a directory of the test. */
function install(root: string): string {
  const program = join(root, 'zonenet');
  const text = readFileSync('src/zone/zonenet.sh', 'utf8').replaceAll(
    /(^|[\s"])(\/(?:opt|etc\/zonenet|var\/zonenet|usr\/node|usr\/versions|usr\/bin\/node|usr\/sbin)[^\s";]*)/gm,
    `$1${root}$2`,
  );
  mkdirSync(root, { recursive: true });
  writeFileSync(program, text);
  return program;
}

/** A program that prints its name, arguments and environment. */
function put(root: string, path: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), '#!/bin/sh\necho "$0 $*"\nenv | grep -v "^PWD=\\|^_=" | sort\n', { mode: 0o755 });
}

function start(root: string, args: readonly string[], env: Record<string, string> = {}, shell = ['/bin/sh']) {
  const [program = '', ...first] = shell;
  const { status, stdout, stderr } = spawnSync(program, [...first, install(root), ...args], { encoding: 'utf8', env });
  return { status, lines: stdout.replaceAll(root, '').trim().split('\n'), stderr };
}

test('without Node it says where it looked, and ends with 96', () => {
  const { status, stderr } = start(join(directory, 'none'), ['start']);
  assert.is(status, 96);
  assert.match(stderr, /^zonenet: no Node found in /);
});

test('the environment of Node is clean', () => {
  const root = join(directory, 'clean');
  put(root, '/opt/ooce/bin/node');
  const { lines } = start(root, ['refresh'], { SMF_ZONENAME: 'web1', NODE_OPTIONS: '--inspect', HOME: '/root' });
  assert.equal(lines, [
    '/opt/ooce/bin/node /opt/zonenet/lib/start-method.cjs refresh',
    'LC_ALL=C',
    'PATH=/usr/sbin:/usr/bin:/sbin',
    'SMF_ZONENAME=web1',
  ]);
});

for (const [what, paths, found] of [
  ['OmniOS', ['/opt/ooce/bin/node', '/opt/ooce/node-20/bin/node'], '/opt/ooce/bin/node'],
  [
    'OmniOS without its link',
    ['/opt/ooce/node-20/bin/node', '/opt/ooce/node-22/bin/node'],
    '/opt/ooce/node-22/bin/node',
  ],
  ['OpenIndiana', ['/usr/node/20/bin/node', '/usr/bin/node'], '/usr/node/20/bin/node'],
  ['Tribblix', ['/usr/versions/node-v20/bin/node'], '/usr/versions/node-v20/bin/node'],
  ['pkgsrc', ['/opt/local/bin/node'], '/opt/local/bin/node'],
] as const) {
  test(`Node is found where ${what} has it`, () => {
    const root = join(directory, what.replaceAll(' ', '-'));
    for (const path of paths) put(root, path);
    assert.is(start(root, ['start']).lines[0], `${found} /opt/zonenet/lib/start-method.cjs start`);
  });
}

test('a Node that is named comes first', () => {
  const root = join(directory, 'named');
  put(root, '/opt/ooce/bin/node');
  put(root, '/elsewhere/node');
  const { lines } = start(root, ['start'], { ZONENET_NODE: join(root, '/elsewhere/node') });
  assert.is(lines[0], '/elsewhere/node /opt/zonenet/lib/start-method.cjs start');
});

test('stop takes nothing away, and forwarding goes off, both without Node', () => {
  const root = join(directory, 'stop');
  put(root, '/usr/sbin/ipadm');
  assert.is(start(root, ['stop']).status, 0);
  const calls = start(root, ['forwarding-stop']).lines.filter((line) => line.startsWith('/usr/sbin/'));
  assert.equal(calls, [
    '/usr/sbin/ipadm set-prop -t -p forwarding=off ipv4',
    '/usr/sbin/ipadm set-prop -t -p forwarding=off ipv6',
  ]);
});

test('an unknown method is refused', () => {
  assert.is(start(join(directory, 'unknown'), ['frob']).status, 96);
  assert.is(start(join(directory, 'unknown'), []).status, 96);
});

const OWN = '/var/zonenet/boot';
const HOSTS = '/etc/zonenet/host/boot';

/** A zone with Node and plans whose method is what they say; "unlock" tells when it was called. */
function withPlans(root: string, plans: Readonly<Record<string, string>>): void {
  put(root, '/opt/ooce/bin/node');
  const files = {
    '/opt/zonenet/method/zonenet-boot':
      'found=x node=x\nunlock() { echo unlocked; }\nfinish() { finished=$1; exit $1; }\n',
    ...plans,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const plan = (act: string) => `boot_start() {\n${act}\n}\nboot_program=whole\n`;
const NODE = '/opt/ooce/bin/node /opt/zonenet/lib/start-method.cjs start';

const SHELLS = [['/bin/dash'], ['/bin/ksh93'], ['/bin/busybox', 'sh'], ['/bin/bash', '--posix']];
for (const shell of SHELLS.filter(([program = '']) => existsSync(program))) {
  for (const [what, plans, lines] of [
    ['the last plan does it', { [HOSTS]: plan('echo did; finish 0') }, ['did']],
    ['the first does it', { [OWN]: plan('echo did; finish 97'), [HOSTS]: plan('echo no') }, ['did']],
    ['the first does not fit', { [OWN]: plan('exit 3'), [HOSTS]: plan('echo did; finish 0') }, ['did']],
    ['the first has failed', { [OWN]: plan('locked=yes; exit 4'), [HOSTS]: plan('echo no') }, ['unlocked', NODE]],
    ['none fits', { [OWN]: plan('exit 3'), [HOSTS]: plan('set -f; IFS=/; exit 3') }, [NODE]],
    ['the last has failed', { [HOSTS]: plan('locked=yes; exit 4') }, ['unlocked', NODE]],
    ['its shell stops at an error', { [HOSTS]: plan('set -u; echo "$nosuch"; finish 0') }, [NODE]],
    ['the shell of the first stops', { [OWN]: plan('set -u; echo "$nosuch"'), [HOSTS]: plan('echo no') }, [NODE]],
    ['it ends without a word', { [HOSTS]: plan('exit 0') }, [NODE]],
    ['it says nothing of its end', { [HOSTS]: plan('echo did') }, ['did', NODE]],
    ['it is cut off in a word', { [HOSTS]: "boot_start() {\necho 'no" }, [NODE]],
    ['it is cut off before its end', { [HOSTS]: 'boot_start() {\necho no\n}\n' }, [NODE]],
  ] as const) {
    test(`${shell[0]}: ${what}`, () => {
      const root = mkdtempSync(join(directory, 'plan-'));
      withPlans(root, plans);
      const said = start(root, ['start'], {}, shell);
      assert.equal(
        said.lines.filter((line) => !/^(LC_ALL|PATH|OLDPWD|SHLVL)=/.test(line)),
        lines,
        said.stderr,
      );
      assert.is(said.status, what === 'the first does it' ? 97 : 0);
    });
  }

  test(`${shell[0]}: a service of ours in maintenance is told, the first one in the status`, () => {
    const lines = [
      '. src/zone/zonenet-boot.sh',
      'services="online svc:/a:default maintenance svc:/network/zonenet-web:nginx maintenance svc:/network/zonenet-web:haproxy"',
      'for fmri in svc:/a:default svc:/network/zonenet-web:haproxy svc:/network/zonenet-web:nginx svc:/gone:default; do',
      'own_trouble $fmri "it is not served"; done; echo "$trouble"',
    ];
    const [program = '', ...first] = shell;
    const { stdout } = spawnSync(program, [...first, '-c', lines.join('\n')], { encoding: 'utf8' });
    assert.equal(stdout.split('\n'), [
      'zonenet: it is not served: svc:/network/zonenet-web:haproxy is in maintenance',
      'zonenet: it is not served: svc:/network/zonenet-web:nginx is in maintenance',
      'it is not served: svc:/network/zonenet-web:haproxy is in maintenance',
      '',
    ]);
  });

  test(`${shell[0]}: ended by a signal it gives the lock back and starts no Node`, () => {
    const root = mkdtempSync(join(directory, 'signal-'));
    withPlans(root, { [HOSTS]: plan('locked=yes; kill -TERM $$; sleep 1; echo no') });
    const { lines, status } = start(root, ['start'], {}, shell);
    assert.equal(lines, ['unlocked']);
    assert.is(status, 1);
  });
}

test.run();
