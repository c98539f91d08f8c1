import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import {
  formatForward,
  formatRedirect,
  forwardsMeet,
  insidePorts,
  parseForward,
  parseRedirect,
} from '../../src/domain/forward.ts';

const test = suite('forwards');

for (const text of [
  'tcp 203.0.113.5 443 8443',
  'udp 203.0.113.5 53 53',
  'tcp 203.0.113.5 8000-8010 9000',
  'tcp 203.0.113.5 8000-8010 =9000',
  'tcp 2001:db8::5 65535 65535',
  'tcp 203.0.113.5 1-65535 1',
]) {
  test(`"${text}" reads back the same`, () => assert.is(formatForward(parseForward(text)), text));
}

test('one port that leads to one port is written one way', () =>
  assert.is(formatForward(parseForward('tcp 203.0.113.5 443 =8443')), 'tcp 203.0.113.5 443 8443'));

test('a redirect has the address it leads to, of the same family', () => {
  for (const text of ['tcp 203.0.113.5 443 10.2.0.2 8443', 'udp 2001:db8::5 1-9 fd00:1::2 =7']) {
    assert.is(formatRedirect(parseRedirect(text)), text);
  }
  assert.throws(() => parseRedirect('tcp 203.0.113.5 443 fd00:1::2 443'), /two families/);
});

for (const text of [
  '',
  'tcp',
  'tcp 203.0.113.5 443',
  'tcp 203.0.113.5 443 8443 9',
  'tcp  203.0.113.5 443 8443',
  'icmp 203.0.113.5 443 8443',
  'TCP 203.0.113.5 443 8443',
  'tcp 0/32 443 8443',
  'tcp 203.0.113.5/32 443 8443',
  'tcp 203.0.113.5 0 8443',
  'tcp 203.0.113.5 65536 8443',
  'tcp 203.0.113.5 0443 8443',
  'tcp 203.0.113.5 https 8443',
  'tcp 203.0.113.5 8010-8000 9000',
  'tcp 203.0.113.5 8000-8010-8020 9000',
  'tcp 203.0.113.5 8000-8010 9000-9010',
  'tcp 203.0.113.5 8000-8010 65530',
  'tcp 203.0.113.5 443 ==8443',
  'tcp 203.0.113.5 443 8443;rdr',
  'tcp 203.0.113.5 443 8443\nrdr',
  'tcp 203.0.113.5 443 8443#',
  'tcp 203.0.113.5 ４４３ 8443',
]) {
  test(`${JSON.stringify(text)} is refused`, () => {
    try {
      parseForward(text);
    } catch (error) {
      assert.ok(error instanceof OperatorError && error.hint !== undefined, String(error));
      return;
    }
    assert.unreachable();
  });
}

test('a range leads to as many ports, or all to one', () => {
  assert.equal(insidePorts(parseForward('tcp 203.0.113.5 8000-8010 9000')), { first: 9000, last: 9010 });
  assert.equal(insidePorts(parseForward('tcp 203.0.113.5 8000-8010 =9000')), { first: 9000, last: 9000 });
  assert.equal(insidePorts(parseForward('tcp 203.0.113.5 8000-8010 65525')), { first: 65525, last: 65535 });
});

for (const [a, b, meets] of [
  ['tcp 203.0.113.5 53 53', 'udp 203.0.113.5 53 53', false],
  ['tcp 203.0.113.5 53 53', 'tcp 203.0.113.6 53 53', false],
  ['tcp 203.0.113.5 53 53', 'tcp 203.0.113.5 54 53', false],
  ['tcp 203.0.113.5 53 53', 'tcp 203.0.113.5 53 5353', true],
  ['tcp 203.0.113.5 8000-8010 9000', 'tcp 203.0.113.5 8010 80', true],
  ['tcp 203.0.113.5 8000-8010 9000', 'tcp 203.0.113.5 8011-8020 80', false],
] as const) {
  test(`"${a}" and "${b}" ${meets ? 'meet' : 'do not meet'}`, () => {
    assert.is(forwardsMeet(parseForward(a), parseForward(b)), meets);
    assert.is(forwardsMeet(parseForward(b), parseForward(a)), meets);
  });
}

test.run();
