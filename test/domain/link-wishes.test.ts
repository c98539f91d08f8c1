import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBandwidth, parseBandwidth } from '../../src/domain/link-wishes.ts';
import { parseHostPort } from '../../src/domain/settings.ts';
import { rejects } from '../support/assertions.ts';

const test = suite('what links and ports are asked for');

for (const [text, megabits] of [
  ['2', 2],
  ['2M', 2],
  ['50M', 50],
  ['2G', 2000],
  ['999999', 999_999],
  ['none', 'none'],
] as const) {
  test(`bandwidth ${text} is ${megabits}`, () => {
    assert.is(parseBandwidth(text), megabits);
    assert.is(parseBandwidth(formatBandwidth(megabits)), megabits);
  });
}

for (const text of [
  '',
  '0',
  '1',
  '1M',
  '02M',
  '2.5G',
  '1000G',
  '1000000',
  '50m',
  '50K',
  '50 M',
  '-2',
  'NONE',
  '2M\n',
]) {
  test(`bandwidth ${JSON.stringify(text)} is refused`, async () => {
    assert.is((await rejects(async () => parseBandwidth(text))).code, 'VALUE_INVALID');
  });
}

test('ports of the host have a protocol', async () => {
  assert.equal(parseHostPort('tcp/22'), { protocol: 'tcp', ports: { first: 22, last: 22 } });
  assert.equal(parseHostPort('udp/5000-5010'), { protocol: 'udp', ports: { first: 5000, last: 5010 } });
  for (const text of ['22', 'icmp/22', 'tcp/', 'TCP/22']) {
    assert.is((await rejects(async () => parseHostPort(text))).code, 'VALUE_INVALID', text);
  }
});

test.run();
