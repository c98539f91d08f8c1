// Nonsense is refused aloud: by illumos's own words where they are known, by 125 where the lab knows no better (lab.md part 17).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROGRAMS } from './commands/table.ts';
import type { RecordedCall } from './daemon/record.ts';
import { type LabHandle, startLab } from './lab.ts';
import { bootZone, installZone } from './support/zones.ts';

const test = suite<{ lab: LabHandle }>('honesty');

test.before(async (context) => {
  const lab = await startLab();
  context.lab = lab;
  await lab.mustRun('dladm create-etherstub stub0 && dladm create-vnic -l stub0 a0 && dladm create-vnic -l stub0 b0');
  await installZone(lab, 'a', ['a0']);
  await bootZone(lab, 'a');
});

test.after(async ({ lab }) => {
  await lab.takeNotModelled();
  await lab.stop();
});

/** Words that no program of illumos knows; the last ones are names that JavaScript finds in every object. */
const NONSENSE = ['frobnicate', '-Q', '-5', '--frobnicate', '-', 'frob=1', 'constructor', 'toString', '__proto__'];

/** The lab's own; takes everything. */
const OWN = ['/usr/lib/lab/echo'];

/** Runs command lines in one shell, each whatever became of the others, and gives what the recorder saw. */
async function callsOf(lab: LabHandle, zone: string, lines: readonly string[]): Promise<readonly RecordedCall[]> {
  const mark = await lab.mark();
  await lab.run(`${lines.map((line) => `${line} < /dev/null`).join('\n')}\ntrue`, { zone });
  const calls = (await lab.calls(mark)).filter(({ zone: of, pid }) => of === zone && pid !== 0);
  assert.is(calls.length, lines.length, `each of the lines is one call:\n${lines.join('\n')}`);
  return calls;
}

const said = ({ argv, status, stdout, stderr }: RecordedCall) => `${argv.join(' ')} = ${status}\n${stdout}${stderr}`;

/** Status 125 comes with a reason, any other with words of illumos's; stack traces are nobody's. */
function assertRefused(call: RecordedCall): void {
  assert.ok(call.status !== 0 && call.status !== undefined, `succeeds: ${said(call)}`);
  assert.ok(call.stderr !== '', `refuses without a word: ${said(call)}`);
  assert.is(call.status === 125, /^lab: not modelled: /m.test(call.stderr), said(call));
}

for (const [path, zone] of Object.keys(PROGRAMS).flatMap((path) => [[path, 'global'] as const, [path, 'a'] as const])) {
  if (OWN.includes(path)) continue;
  test(`${path} refuses what nobody knows, in ${zone === 'global' ? 'the global zone' : 'a zone'}`, async ({ lab }) => {
    for (const call of await callsOf(
      lab,
      zone,
      NONSENSE.map((word) => `${path} '${word}'`),
    ))
      assertRefused(call);
  });
}

/** Where two dumps differ, as "path: before, after". */
function difference(before: unknown, after: unknown, path = ''): string[] {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) {
    return before === after ? [] : [`${path}: ${JSON.stringify(before)}, ${JSON.stringify(after)}`];
  }
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) =>
    difference(old.get(key), now.get(key), `${path}/${key}`),
  );
}

/** Subcommands and options that are known, with something behind them that is not. */
const HALF_KNOWN: Readonly<Record<string, readonly string[]>> = {
  dladm: [
    ...['show-link', 'show-phys', 'show-vnic', 'show-etherstub', 'show-linkprop'].flatMap((show) => [
      `${show} -Q`,
      `${show} nosuch0`,
      `${show} -p -o frob`,
      `${show} a0 b0`,
    ]),
    ...['create-etherstub', 'delete-etherstub', 'create-vnic', 'delete-vnic', 'rename-link'].flatMap((change) => [
      change,
      `${change} -Q c0`,
      `${change} c0 d0 e0`,
    ]),
    'create-vnic -l stub0 -p frob=1 c0',
    'create-vnic -l stub0 -p constructor=1 c0',
    'create-vnic -l stub0 -p mtu=frob c0',
    'create-vnic -l stub0 -m frob c0',
    'create-vnic -l stub0 -v frob c0',
    ...['set-linkprop', 'reset-linkprop', 'show-linkprop'].flatMap((verb) => [
      `${verb} -p frob=1 b0`,
      `${verb} -p constructor b0`,
      `${verb} -p __proto__ b0`,
      `${verb} -Q b0`,
    ]),
    'set-linkprop -p mtu=frob b0',
    'set-linkprop -p protection=frob b0',
    'set-linkprop -p allowed-ips=frob b0',
    'set-linkprop -p maxbw=frob b0',
    'set-linkprop -p priority=frob b0',
    'set-linkprop -t -p zone=frob b0',
  ],
  ipadm: [
    ...[
      'create-if',
      'delete-if',
      'enable-if',
      'disable-if',
      'create-addr',
      'delete-addr',
      'up-addr',
      'down-addr',
    ].flatMap((change) => [change, `${change} -Q lo0`, `${change} frob/frob/frob`]),
    ...['enable-addr', 'disable-addr', 'refresh-addr'].flatMap((change) => [change, `${change} -t nosuch0/v4`]),
    ...['show-if', 'show-addr', 'show-ifprop -p mtu', 'show-prop -p forwarding ipv4'].flatMap((show) => [
      `${show} -Q`,
      `${show} -p -o frob`,
      `${show} nosuch0/x`,
    ]),
    'create-addr -T frob -a 10.0.0.1/24 a0/v4',
    'create-addr -T static -a frob a0/v4',
    'create-addr -T static -a 10.0.0.1/33 a0/v4',
    'create-addr -T static -a 10.0.0.1/24 a0',
    'set-prop -p frob=1 ipv4',
    'set-prop -p forwarding=frob ipv4',
    'set-prop -p forwarding=on frob',
    'set-prop -p constructor=1 ipv4',
    'reset-prop -p frob ipv4',
    'set-ifprop -p frob=1 -m ipv4 lo0',
    'set-ifprop -p mtu=frob -m ipv4 lo0',
    'set-ifprop -p forwarding=on -m frob lo0',
    'show-addrprop lo0/v4',
    'create-ipmp ipmp0',
  ],
  route: [
    ...['add', 'delete', 'change', 'get', 'flush', 'show', 'monitor'].map((verb) => `${verb} -frob 1.2.3.4`),
    'add default',
    'add frob 10.0.0.1',
    'add 10.0.0.0/99 10.0.0.1',
    'add default 10.0.0.1 -blackhole',
    'add default 10.0.0.1 -ifp nosuch0',
    '-p flush frob',
    '-n get frob',
    'get 1.2.3.4',
  ],
  netstat: ['-r', '-n', '-rn -f frob', '-rn frob', '-an', '-i'],
  routeadm: ['-e frob', '-d constructor', '-e', '-p frob', '-u frob', '-s routing-svcs=frob'],
  zonecfg: [
    '-z',
    '-z a',
    '-z a -f /nosuch',
    "-z 'a b' info",
    '-z nosuch info',
    ...[
      'frob',
      'constructor',
      'set',
      'set frob=1',
      'set constructor=1',
      'add frob',
      'add',
      'info frob',
      'select',
      'end',
    ].map((command) => `-z a '${command}'`),
    ...['set frob=1', 'set constructor=1', 'add frob 1', 'set physical=(a)', 'set address=frob'].map(
      (command) => `-z a 'add net; ${command}; end; commit'`,
    ),
    "-z a 'add fs; set type=frob; end'",
    "-z a 'set ip-type=frob'",
    "-z a 'set autoboot=frob'",
  ],
  zoneadm: [
    ...['install', 'boot', 'ready', 'halt', 'shutdown', 'reboot', 'uninstall', 'list'].flatMap((command) => [
      `-z a ${command} -Q`,
      `-z nosuch ${command}`,
    ]),
    '-z a frob',
    '-z a constructor',
    '-z a clone b',
    '-z a',
    'boot',
    'list -Q',
    'list frob',
  ],
  zlogin: ['-Q a true', 'a', '-z a true', '-l nobody a true', 'nosuch true', 'global true'],
  svcs: ['-Q', '-o frob', '-o constructor', '-s frob', 'frob', '-z nosuch', '-x -l', '-p -x frob', '-l', '-d frob'],
  svcadm: [
    ...['enable', 'disable', 'restart', 'refresh', 'clear', 'mark'].flatMap((command) => [
      command,
      `${command} -Q network/physical`,
      `${command} frob`,
    ]),
    'milestone all',
    '-z nosuch enable network/physical',
    'mark frob network/physical',
    'mark maintenance',
    'mark maintenance frob',
    'mark degraded network/routing/ripng',
  ],
  svccfg: [
    'import /nosuch',
    'validate /nosuch',
    'apply /nosuch',
    'export frob',
    'delete frob',
    'select frob',
    '-s frob listprop',
    '-s network/physical:default frob',
    '-s network/physical:default constructor',
    '-s network/physical:default setprop frob/frob = astring: 1',
    '-s network/physical:default setprop general/frob = frob: 1',
    '-s network/physical:default setprop general/frob = boolean: 1x',
    '-s network/physical:default delprop frob/frob',
    '-s network/physical:default delpg frob',
    '-f /nosuch',
    'archive',
    'setenv a b',
  ],
  svcprop: [
    '-Q network/physical',
    '-p frob network/physical:default',
    '-p general/frob network/physical:default',
    'frob',
    '-z nosuch a',
  ],
  ipf: ['-Fx', '-f', '-T list', '-Z', '-l pass', '-G a', '-Fa -z', '-o x'],
  ipfstat: ['-Q', '-t', '-s', '-io frob', '-f'],
  ipnat: ['-Q', '-f', '-d', '-z nosuch -l', '-G a -l', '-l -h'],
  zonename: ['-t'],
  init: ['3', '6 6', 's'],
  halt: ['-d', '-q'],
  reboot: ['-p', '-- -s'],
  poweroff: ['-n'],
  shutdown: ['-y -i5 -g0'],
};

for (const [program, lines] of Object.entries(HALF_KNOWN)) {
  test(`${program} refuses what it knows only half`, async ({ lab }) => {
    const before = await lab.dump();
    for (const call of await callsOf(
      lab,
      'global',
      lines.map((line) => `${program} ${line}`),
    ))
      assertRefused(call);
    assert.equal(difference(before, await lab.dump()), [], 'what was refused has changed something');
  });
}

test('each program of the table is asked', () => {
  const asked = Object.keys(HALF_KNOWN).sort();
  const names = Object.keys(PROGRAMS).filter((path) => !OWN.includes(path));
  assert.equal(asked, names.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort());
});

test.run();
