import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Field, formatTable } from './ofmt.ts';

const test = suite('ofmt');

type Row = Readonly<Record<string, string | undefined>>;
const field = (name: string, width: number): Field<Row> => ({ name, width, value: (row) => row[name] });
const LINK_FIELDS = [
  field('link', 12),
  field('class', 10),
  field('mtu', 7),
  field('state', 9),
  field('bridge', 11),
  field('over', 30),
];
const stub = { link: 'bootstrap_stub0', class: 'etherstub', mtu: '9000', state: 'up', bridge: '', over: '' };

test('shifts columns for a long value and makes up for it later', () => {
  assert.equal(formatTable(LINK_FIELDS, [stub], { parsable: false }), {
    text: [
      'LINK        CLASS     MTU    STATE    BRIDGE     OVER\n',
      'bootstrap_stub0 etherstub 9000 up     --         --\n',
    ].join(''),
  });
});

test('prints no header without rows', () => {
  assert.equal(formatTable(LINK_FIELDS, [], { parsable: false }), { text: '' });
});

test('repeats the header after every 23 rows', () => {
  const rows = Array.from({ length: 47 }, (_, i) => ({ link: `v${i}` }));
  const shown = formatTable([field('link', 12)], rows, { parsable: false });
  const lines = 'text' in shown ? shown.text.trimEnd().split('\n') : [];
  const headers = lines.flatMap((line, i) => (line === 'LINK' ? [i] : []));
  assert.equal(lines.length, 50);
  assert.equal(headers, [0, 24, 48]);
});

test('escapes only with two or more fields', () => {
  const row = { link: 'a\\0', mac: '2:8:20:1:2:3' };
  const fields = [field('link', 12), field('mac', 18)];
  assert.equal(formatTable(fields, [row], { parsable: true, select: 'link,mac' }), {
    text: 'a\\\\0:2\\:8\\:20\\:1\\:2\\:3\n',
  });
  assert.equal(formatTable(fields, [row], { parsable: true, select: 'MAC' }), { text: '2:8:20:1:2:3\n' });
});

test('shows what is empty and what could not be fetched', () => {
  const row = { link: 'a0', over: undefined };
  const fields = [field('link', 12), field('bridge', 8), field('over', 8)];
  assert.equal(formatTable(fields, [{ ...row, bridge: '' }], { parsable: true, select: 'link,bridge,over' }), {
    text: 'a0::?\n',
  });
  assert.equal(formatTable(fields, [{ ...row, bridge: '' }], { parsable: false }), {
    text: 'LINK        BRIDGE  OVER\na0          --      ?\n',
  });
});

test('wraps comma lists', () => {
  const fields = [field('link', 6), field('value', 15), field('possible', 20)];
  const row = {
    link: 'a0',
    value: 'mac-nospoof,restricted',
    possible: 'mac-nospoof,restricted,ip-nospoof,dhcp-nospoof ',
  };
  assert.equal(formatTable(fields, [row], { parsable: false, wrap: true }), {
    text: [
      'LINK  VALUE          POSSIBLE\n',
      'a0    mac-nospoof,   mac-nospoof,\n',
      '      restricted     restricted,\n',
      '                     ip-nospoof,\n',
      '                     dhcp-nospoof \n',
    ].join(''),
  });
  assert.equal(
    formatTable(fields, [{ link: 'a0', value: 'x', possible: 'high,medium,low ' }], { parsable: false, wrap: true }),
    {
      text: 'LINK  VALUE          POSSIBLE\na0    x              high,medium,low \n',
    },
  );
});

for (const [select, fatal] of [
  [undefined, 'output fields must be specified in parsable mode'],
  ['', 'output fields must be specified in parsable mode'],
  ['all', "output field `all' invalid in parsable mode"],
  ['link,foo', "unknown output field: `foo'"],
  ['foo,link,bar', "unknown output fields: `foo' `bar'"],
  ['foo,bar', 'no valid output fields'],
  ['link,link,link,link,link,link,link', 'Not enough space'],
] as const) {
  test(`refuses -p with -o ${select}`, () => {
    assert.equal(formatTable(LINK_FIELDS, [stub], { parsable: true, ...(select === undefined ? {} : { select }) }), {
      fatal,
    });
  });
}

test('warns about an unknown field for people and shows the rest', () => {
  assert.equal(formatTable(LINK_FIELDS, [stub], { parsable: false, select: 'mtu,foo' }), {
    text: 'MTU\n9000\n',
    warning: "ignoring unknown output field: `foo'",
  });
});

test.run();
