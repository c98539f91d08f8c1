// The manifests against illumos's DTD (xmllint), and what they have to say about order.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('smf-manifests');

const read = (name: string) => readFileSync(`smf-manifests/${name}.xml`, 'utf8');

/** Elements of one kind as their attributes, and the FMRI inside. */
function elements(text: string, kind: 'dependency' | 'dependent') {
  return [...text.matchAll(new RegExp(`<${kind} ([^>]*)>\\s*<service_fmri value="([^"]+)"/>\\s*</${kind}>`, 'g'))].map(
    ([, attributes = '', fmri]) => {
      const attribute = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(attributes)?.[1];
      return `${fmri} ${attribute('grouping')}/${attribute('restart_on')}`;
    },
  );
}

for (const file of readdirSync('smf-manifests')) {
  test(`${file} is valid against service_bundle.dtd.1`, () => {
    const { status, stderr, error } = spawnSync(
      'xmllint',
      ['--noout', '--nonet', '--dtdvalid', 'test/fixtures/service_bundle.dtd.1', `smf-manifests/${file}`],
      { encoding: 'utf8' },
    );
    assert.is(error, undefined);
    assert.is(status, 0, stderr);
  });

  test(`${file} says why each dependency is there, and names illumos's DTD`, () => {
    const text = readFileSync(`smf-manifests/${file}`, 'utf8');
    assert.match(text, '<!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">');
    const uncommented = text
      .split('\n')
      .filter((line, index, lines) => /<(dependency|dependent) /.test(line) && !/-->$/.test(lines[index - 1] ?? ''));
    assert.equal(uncommented, []);
  });
}

test('set-up comes after the links and the loopback, before filter, routing-setup and milestone', () => {
  const text = read('zonenet');
  assert.equal(elements(text, 'dependency'), [
    'svc:/system/filesystem/usr:default require_all/none',
    'svc:/network/loopback:default require_all/none',
    'svc:/network/ip-interface-management:default require_all/none',
    'svc:/network/physical:default require_all/none',
  ]);
  assert.equal(elements(text, 'dependent'), [
    'svc:/network/ipfilter:default optional_all/none',
    'svc:/network/routing-setup:default optional_all/none',
    'svc:/milestone/network:default optional_all/none',
  ]);
  assert.match(text, '<instance name="default" enabled="true">');
});

test('forwarding requires set-up and ipfilter, goes off with either, and is not on by itself', () => {
  const text = read('zonenet-forwarding');
  assert.equal(elements(text, 'dependency'), [
    'svc:/network/zonenet:default require_all/restart',
    'svc:/network/ipfilter:default require_all/refresh',
    'svc:/network/zonenet-ipv6:default optional_all/none',
  ]);
  assert.equal(elements(text, 'dependent'), []);
  assert.match(text, '<instance name="default" enabled="false"/>');
});

test('the host mends links after physical has brought them back, and before zones boot', () => {
  const text = read('zonenet-host');
  assert.equal(elements(text, 'dependency'), [
    'svc:/system/filesystem/local:default require_all/none',
    'svc:/network/datalink-management:default require_all/none',
    'svc:/network/physical:default require_all/none',
  ]);
  assert.equal(elements(text, 'dependent'), ['svc:/system/zones:default optional_all/none']);
  assert.not.match(text, 'transient');
});

test('IPv6 comes behind in.ndpd and before what listens, and is not on by itself', () => {
  const text = read('zonenet-ipv6');
  assert.equal(elements(text, 'dependency'), [
    'svc:/network/zonenet:default require_all/none',
    'svc:/network/routing/ndp:default require_all/none',
  ]);
  assert.equal(elements(text, 'dependent'), ['svc:/network/service:default optional_all/none']);
  assert.match(text, '<instance name="default" enabled="false"/>');
});

test('the three of a zone are transient, or SMF would start them for ever', () => {
  for (const name of ['zonenet', 'zonenet-ipv6', 'zonenet-forwarding']) {
    assert.match(read(name), '<propval name="duration" type="astring" value="transient"/>');
  }
});

test.run();
