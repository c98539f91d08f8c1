import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exitStatusOf } from '../../src/cli/exit-status.ts';
import { chooseFields } from '../../src/cli/fields.ts';
import { formatError } from '../../src/cli/print-error.ts';
import { formatPlan } from '../../src/cli/print-plan.ts';
import { createProgress } from '../../src/cli/progress.ts';
import { formatParsable, formatTable } from '../../src/cli/table.ts';
import { OperatorError } from '../../src/domain/errors.ts';

const test = suite('output of znetadm');

const ROWS = [
  { zone: 'proxy', state: 'running', link: 'pnic0', router: '203.0.113.1' },
  { zone: 'proxy', state: 'running', link: 'znic0', router: '' },
  { zone: 'web1', state: 'running', link: 'znic1', router: '10.2.0.1' },
];

test('a table shows what is of the zone once, "--" for what is not there, and no blanks at the end', () => {
  assert.is(
    formatTable(['zone', 'state', 'link', 'router'], ROWS, ['zone', 'state']),
    [
      'ZONE   STATE    LINK   ROUTER',
      'proxy  running  pnic0  203.0.113.1',
      '                znic0',
      'web1   running  znic1  10.2.0.1',
      '',
    ].join('\n'),
  );
  assert.is(formatTable(['zone', 'router'], [{ zone: 'a', router: '' }]), 'ZONE  ROUTER\na     --\n');
});

test('on a terminal words that matter have a colour, and columns stay where they are', () => {
  const rows = [
    { zone: 'web1', state: 'running', link: 'znic1' },
    { zone: 'db1', state: 'missing', link: 'znic2' },
  ];
  const [bold, green, red, end] = ['\x1b[1m', '\x1b[32m', '\x1b[31m', '\x1b[0m'];
  assert.is(
    formatTable(['zone', 'state', 'link'], rows, [], true),
    [
      `${bold}ZONE${end}  ${bold}STATE  ${end}  ${bold}LINK${end}`,
      `web1  ${green}running${end}  znic1`,
      `db1   ${red}missing${end}  znic2`,
      '',
    ].join('\n'),
  );
});

test('parsable rows have every field, ":" and "\\" with a "\\" before them', () => {
  const rows = [{ zone: 'a', address: 'fd00::1/64', note: 'back\\slash' }, { zone: 'b' }];
  assert.is(formatParsable(['zone', 'address', 'note'], rows), 'a:fd00\\:\\:1/64:back\\\\slash\nb::\n');
});

test('a single parsable field stands as it is, as dladm has it', () => {
  assert.is(formatParsable(['address'], [{ address: 'fd00::1/64' }]), 'fd00::1/64\n');
});

test('fields are chosen by name, in any case, in the order asked for', () => {
  assert.equal(chooseFields({ parsable: true, output: 'LINK,zone' }, ['zone', 'link'], ['id']), ['link', 'zone']);
  assert.equal(chooseFields({}, ['zone', 'link'], ['id']), ['zone', 'link']);
  assert.equal(chooseFields({ output: 'all' }, ['zone', 'link'], ['id']), ['zone', 'link', 'id']);
  assert.throws(() => chooseFields({ parsable: true, output: 'all' }, ['zone'], []), /-p with "-o all"/);
  assert.throws(() => chooseFields({ parsable: true }, ['zone'], []), /-p requires -o/);
  assert.throws(() => chooseFields({ output: 'zone,nic' }, ['zone'], []), /unknown output field: "nic"/);
});

test('an error says what, then how to mend it, then its cause', () => {
  const cause = new OperatorError('COMMAND_FAILED', 'Cannot go on: exit status 1');
  const error = new OperatorError('IN_USE', 'Cannot delete "back"', { hint: 'free it\nor not', cause });
  assert.is(
    formatError(error),
    'znetadm: cannot delete "back"\n  free it\n  or not\n  because: Cannot go on: exit status 1\n',
  );
});

test('faults of a file stand as they are', () => {
  const error = new OperatorError('RECORD_INVALID', '/etc/zonenet/zones/a.ini:1:1: it is bad');
  assert.is(formatError(error), '/etc/zonenet/zones/a.ini:1:1: it is bad\n');
});

test('anything else is a bug, and shows where', () => {
  const text = formatError(new TypeError('x is undefined'));
  assert.match(text, /^znetadm: this is a bug in znetadm, please report it\n {2}TypeError: x is undefined\n {6}at /);
});

for (const [code, status] of [
  ['USAGE', 2],
  ['PREFIX_INVALID', 2],
  ['NETWORK_FULL', 3],
  ['POOL_FULL', 3],
  ['NOT_FOUND', 4],
  ['IN_USE', 5],
  ['ADDRESS_TAKEN', 5],
  ['DRIFT', 6],
  ['PREFIX_OVERLAPS', 1],
  ['COMMAND_FAILED', 1],
] as const) {
  test(`${code} ends with ${status}`, () => {
    assert.is(exitStatusOf(new OperatorError(code, 'x')), status);
  });
}

test('a plan is in columns, and shows files only when asked', () => {
  const plan = [
    { sign: '+', about: 'link', what: 'dladm x', note: 'is missing', steps: [] },
    { sign: '~', about: 'metadata', what: '/var/m', note: '', steps: [], detail: 'a\nb\n' },
  ] as const;
  assert.is(formatPlan(plan, false), '+ link      dladm x  is missing\n~ metadata  /var/m\n');
  assert.is(formatPlan(plan, true), '+ link      dladm x  is missing\n~ metadata  /var/m\n    | a\n    | b\n');
});

test('progress is a line a step in a log, and one line on a terminal', () => {
  const step = { sign: '+', about: 'link', what: 'dladm x', note: '', steps: [] } as const;
  const [log, bar] = [[] as string[], [] as string[]];
  const [toLog, toBar] = [
    createProgress({ write: (text) => log.push(text) }, () => 0),
    createProgress({ isTTY: true, write: (text) => bar.push(text) }, () => 0),
  ];
  for (const progress of [toLog, toBar]) {
    progress.step(step);
    progress.end();
  }
  assert.equal(log, ['znetadm: + link      dladm x\n']);
  assert.equal(bar, [
    '\r  [##------------------] links  0.0 s\x1b[K',
    '\r  [####################] links  0.0 s\x1b[K\n',
  ]);
});

test.run();
