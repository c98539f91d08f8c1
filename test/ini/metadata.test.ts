import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import { parseZoneName } from '../../src/domain/names.ts';
import { parseStaticRoute } from '../../src/domain/static-route.ts';
import { formatMetadata, parseMetadata } from '../../src/ini/metadata.ts';
import { memberMetadata, nic, proxyMetadata } from '../support/metadata.ts';

const test = suite('metadata');

const MEMBER = `; zonenet: metadata of zone web1, written by the host. Regenerated; do not edit.
format = 1
generation = 1
zone = web1
role = member

[nic.znic1]
side = inside
network = back
mtu = 1500
address[] = 10.2.0.2/24
router[] = 10.2.0.1

[resolver]

[end]
`;

function errorOf(text: string): OperatorError {
  try {
    parseMetadata(text, 'metadata.ini');
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error('was read');
}

test('is written as the design shows it', () => assert.is(formatMetadata(memberMetadata()), MEMBER));

for (const [who, metadata] of [
  ['a member', memberMetadata()],
  ['a proxy', proxyMetadata()],
  [
    'a zone with DHCP, advertisements and routes',
    memberMetadata({
      nics: [
        nic({
          dhcp: true,
          addrconf: true,
          addresses: [],
          routers: [],
          routes: [parseStaticRoute('10.9.0.0/16 10.2.0.7')],
        }),
      ],
    }),
  ],
  ['a zone with a dot in its name', memberMetadata({ zone: parseZoneName('web.1') })],
  ['a zone that is only a number', memberMetadata({ zone: parseZoneName('7') })],
] as const) {
  test(`of ${who} is read back the same`, () =>
    assert.equal(parseMetadata(formatMetadata(metadata), 'metadata.ini'), metadata));
}

test('cut short at any line is refused', () => {
  const lines = MEMBER.trimEnd().split('\n');
  for (let count = 0; count < lines.length; count++) {
    assert.is(errorOf(`${lines.slice(0, count).join('\n')}\n`).code, 'METADATA_INVALID', `${count} lines`);
  }
});

test('of a newer format is refused by that alone', () => {
  const error = errorOf(MEMBER.replace('format = 1', 'format = 2').replace('[resolver]', '[quantum]'));
  assert.is(error.code, 'METADATA_NEWER');
  assert.match(error.message, /^metadata\.ini:2:10: format 2 is newer than 1/);
});

test('names every fault with its place', () => {
  const text = MEMBER.replace('address[] = 10.2.0.2/24', 'address[] = 10.2.0.300/24')
    .replace('mtu', 'mut')
    .replace('[resolver]', '[reslover]');
  const error = errorOf(text);
  assert.is(error.code, 'METADATA_INVALID');
  assert.equal(
    error.message.split('\n').filter((line) => line.startsWith('metadata.ini')),
    [
      'metadata.ini:7:1: [nic.znic1] "mtu" is missing',
      'metadata.ini:10:1: [nic.znic1] unknown key "mut"',
      'metadata.ini:11:13: [nic.znic1] address: Cannot read "10.2.0.300" as an IPv4 address',
      'metadata.ini:14:1: unknown section [reslover]',
    ],
  );
});

test.run();
