import { helpers as compiledHelpers } from 'zonenet:options';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VALUE_HELPERS } from '../../src/render/helpers.ts';
import { namesOf, pathsOf, type Shape } from '../../src/render/shape.ts';
import { shapeFor } from '../../src/render/specimen.ts';
import { VIEWS, viewOf } from '../../src/render/views.ts';
import { rejects } from '../support/assertions.ts';
import { memberMetadata } from '../support/metadata.ts';
import { rendererOf } from '../support/rendered.ts';

const test = suite('helpers');

async function rendered(text: string, vars = {}): Promise<string> {
  const render = await rendererOf({ name: 'x.hbs', path: '/t/x.hbs', text });
  return render('x.hbs', viewOf('x.hbs', memberMetadata(), vars));
}

for (const [text, output] of [
  ['{{addressOf "10.2.0.7/24"}}', '10.2.0.7'],
  ['{{addressOf "fd00:1::7"}}', 'fd00:1::7'],
  ['{{prefixLengthOf "10.2.0.7/24"}}', '24'],
  ['{{networkOf "10.2.0.7/24"}}', '10.2.0.0/24'],
  ['{{networkOf "fd00:1::7/64"}}', 'fd00:1::/64'],
  ['{{netmaskOf "10.2.0.7/20"}}', '255.255.240.0'],
  ['{{wildcardOf "10.2.0.7/20"}}', '0.0.15.255'],
  ['{{broadcastOf "10.2.0.7/24"}}', '10.2.0.255'],
  ['{{hostNumberOf "10.2.0.7/24"}}', '7'],
  ['{{hostNumberOf "fd00:1::10/64"}}', '16'],
  ['{{nthAddress "10.2.0.0/24" 9}}', '10.2.0.9'],
  ['{{nthAddress "fd00:1::/64" 9}}', 'fd00:1::9'],
  ['{{reverseName "10.2.0.7/24"}}', '7.0.2.10.in-addr.arpa'],
  ['{{reverseName "2001:db8::1"}}', `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`],
  ['{{reverseZone "10.2.0.0/24"}}', '0.2.10.in-addr.arpa'],
  ['{{reverseZone "10.0.0.0/8"}}', '10.in-addr.arpa'],
  ['{{reverseZone "2001:db8::/32"}}', '8.b.d.0.1.0.0.2.ip6.arpa'],
  ['{{#if (isInet "10.2.0.7")}}4{{/if}}{{#if (isInet6 "10.2.0.7")}}6{{/if}}', '4'],
  ['{{#if (eq facts.role "member")}}m{{else}}p{{/if}}', 'm'],
  ['{{default vars.none "usual"}}', 'usual'],
  ['{{join vars.list ", "}}', 'a, b c'],
  ['{{json vars.quoted}} {{shell vars.quoted}}', `"a\\"b'c" 'a"b'\\''c'`],
  ['{{#each facts.nics}}{{#each addresses}}{{netmaskOf this}}{{/each}}{{/each}}', '255.255.255.0'],
] as const) {
  test(text, async () => {
    assert.is(await rendered(text, { list: ['a', 'b c'], quoted: `a"b'c` }), output);
  });
}

for (const [text, message] of [
  ['\n {{netmaskOf "fd00::1/64"}}', '/t/x.hbs:2:2: netmaskOf: "fd00::1/64" is no IPv4 address'],
  ['{{networkOf "10.2.0.7"}}', '/t/x.hbs:1:1: networkOf: Cannot read "10.2.0.7": the length of the prefix is missing'],
  ['{{networkOf vars.none}}', '/t/x.hbs:1:1: networkOf: what it is given is not there'],
  ['{{networkOf facts.nics}}', '/t/x.hbs:1:1: networkOf: what it is given is no text'],
  ['{{nthAddress "10.2.0.0/30" 4}}', '/t/x.hbs:1:1: nthAddress: 10.2.0.0/30 has no address number 4'],
  ['{{reverseZone "10.2.0.0/25"}}', '/t/x.hbs:1:1: reverseZone: "10.2.0.0/25" has no zone of its own'],
] as const) {
  test(`${text.trim()} is refused with its place`, async () => {
    const error = await rejects(() => rendered(text));
    assert.is(error.code, 'TEMPLATE_INVALID');
    assert.ok(error.message.startsWith(message), error.message);
  });
}

test('templates are compiled with the helpers there are', () => {
  assert.equal([...compiledHelpers].sort(), Object.keys(VALUE_HELPERS).sort());
});

test('no helper has the name of something that templates are given: it would stand in its way', () => {
  const all = (shape: Shape): string[] =>
    shape.kind === 'list'
      ? all(shape.of)
      : shape.kind === 'record'
        ? [...namesOf(shape), ...Object.values(shape.keys).flatMap(all)]
        : [];
  const taken = new Set(
    Object.keys(VIEWS).flatMap((template) => [...all(shapeFor(template)), ...pathsOf(shapeFor(template))]),
  );
  assert.equal(
    Object.keys(VALUE_HELPERS).filter((name) => taken.has(name)),
    [],
  );
});

test.run();
