import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatResolvedRule, parseResolvedRule } from '../../src/domain/resolved-rule.ts';
import { formatRule, parseRule } from '../../src/domain/rule.ts';
import { refusal } from '../support/assertions.ts';

const test = suite('rules');

for (const text of [
  'allow in from any to self',
  'allow in tcp from any to self port 22 note ssh for the office; "all" of it # {x} ü',
  'block out log tcp/udp from zone:web.1 port 1-1023 to 203.0.113.0/24 port 8000-8010',
  'reject in udp from group:db to network:back port 53',
  'block in icmp from fd00:1::/64 to fd00:2::9',
  'allow in 47 from 192.0.2.44 to any',
  'block in from zone:note to zone:port note note',
]) {
  test(`"${text}" is read and written back`, () => assert.is(formatRule(parseRule(text)), text));
}

for (const [text, why] of [
  ['', 'what is to be done'],
  ['pass in from any to any', '"pass" is not'],
  ['allow from any to any', '"from" is not'],
  ['allow in tcp any to any', '"from" is missing'],
  ['allow in tcp from any', '"to" is missing'],
  ['allow in tcp from any to', 'who it is to is missing'],
  ['allow in tcp from any to any port', 'a port is missing'],
  ['allow in tcp from any to any port 0', '"0" as a port'],
  ['allow in tcp from any to any port 10-9', 'range of ports'],
  ['allow in icmp from any to any port 9', 'icmp has no ports'],
  ['allow in from any to any port 9', 'any has no ports'],
  ['allow in 256 from any to any', '"256" as a protocol'],
  ['allow in tcp from web1 to any', '"web1" as an end'],
  ['allow in tcp from zone:-x to any', '"-x" as the name of a zone'],
  ['allow in tcp from group:a{b to any', 'name of a group'],
  ['allow in tcp from 10.2.0.5/24 to any', 'host bits'],
  ['allow in tcp from 10.2.0.300 to any', 'IPv4 address'],
  ['allow in tcp from any to any extra', '"extra" is too much'],
  ['allow in tcp from any to any note ', 'note'],
  ['allow in tcp from any to any note a\nb', 'note'],
  ['allow  in tcp from any to any', 'missing'],
  ['reject out tcp from any to any', 'not answered'],
] as const) {
  test(`"${text}" is refused: ${why}`, () => assert.match(refusal(() => parseRule(text)).message, why));
}

test('a rule of metadata has prefixes, any or none', () => {
  for (const text of [
    'allow in tcp from 10.2.0.2/32,fd00:1::2/128 to any port 443 note from a to b',
    'block in from none to 10.2.0.0/24',
    'block out udp from any port 53 to none',
  ]) {
    assert.is(formatResolvedRule(parseResolvedRule(text)), text);
  }
  for (const text of ['allow in tcp from self to any', 'allow in tcp from 10.2.0.2,x/3 to any', 'allow in tcp']) {
    refusal(() => parseResolvedRule(text));
  }
});

test('whatever is in a note comes back as it was, or is refused', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 220 }), (note) => {
      const text = `block in from any to any note ${note}`;
      try {
        return formatRule(parseRule(text)) === text;
      } catch {
        return true;
      }
    }),
  );
});

test.run();
