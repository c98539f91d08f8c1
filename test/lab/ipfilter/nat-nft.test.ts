import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NotModelled } from '../daemon/call.ts';
import { type NatInterface, natScript } from './nat-nft.ts';
import type { NatRule } from './nat-rule.ts';
import { parseNatFile } from './parse-nat.ts';

const test = suite('NAT rules on nftables');

const INTERFACES: readonly NatInterface[] = [
  { name: 'pnic0', device: 'pnic0', ipv4: '203.0.113.5', ipv6: '2001:db8::5' },
  { name: 'znic0', device: 'znic0', ipv4: '10.2.0.1' },
];

function rulesOf(...lines: readonly string[]): NatRule[] {
  const rules: NatRule[] = [];
  const file = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  parseNatFile(file, { rule: (rule) => rules.push(rule), warn: () => undefined });
  return rules;
}

/** The statements of both chains of both families, in order. */
function statements(...lines: readonly string[]): string[] {
  const script = natScript(rulesOf(...lines), INTERFACES);
  return script.split('\n').flatMap((line) => (/^ {4}(?!type )/.test(line) ? [line.trim()] : []));
}

function refusal(...lines: readonly string[]): string {
  try {
    statements(...lines);
  } catch (error) {
    if (error instanceof NotModelled) return error.message;
    throw error;
  }
  return 'translated';
}

test('translates the default rules', () => {
  const rules = statements(
    'map pnic0 10.2.0.0/24 -> 0/32 portmap tcp/udp 10000:29999',
    'map pnic0 10.2.0.0/24 -> 0/32 icmpidmap icmp 10000:29999',
    'map pnic0 10.2.0.0/24 -> 0/32',
    'rdr pnic0 203.0.113.5/32 port 443 -> 10.2.0.2 port 8443 tcp',
    'map pnic0 fd12:3456:789a:1::/64 -> 0/128 portmap tcp/udp 10000:29999',
    'map pnic0 fd12:3456:789a:1::/64 -> 0/128',
    'rdr pnic0 2001:db8::5/128 port 443 -> fd12:3456:789a:1::2 port 8443 tcp',
  );
  const inner = 'oifname "pnic0" ip saddr 10.2.0.0/24';
  const inner6 = 'oifname "pnic0" ip6 saddr fd12:3456:789a:1::/64';
  assert.equal(rules, [
    `${inner} meta l4proto { tcp, udp } snat to 203.0.113.5:10000-29999`,
    `${inner} meta l4proto { tcp, udp } snat to 203.0.113.5:10000-29999`,
    `${inner} snat to 203.0.113.5`,
    `${inner} snat to 203.0.113.5`,
    'iifname "pnic0" ip daddr 203.0.113.5/32 meta l4proto 6 th dport 443 dnat to 10.2.0.2:8443',
    `${inner6} meta l4proto { tcp, udp } snat to [2001:db8::5]:10000-29999`,
    `${inner6} snat to 2001:db8::5`,
    'iifname "pnic0" ip6 daddr 2001:db8::5/128 meta l4proto 6 th dport 443 dnat to [fd12:3456:789a:1::2]:8443',
  ]);
});

test('puts the longest mask first, then the order of the file', () => {
  const rules = statements(
    'map pnic0 0/0 -> 203.0.113.1/32',
    'map pnic0 10.0.0.0/8 -> 203.0.113.2/32 tcp',
    'map pnic0 10.2.0.7/32 -> 203.0.113.3/32',
    'map pnic0 10.0.0.0/8 -> 203.0.113.4/32',
  );
  assert.equal(
    rules.map((rule) => rule.slice(-11)),
    ['203.0.113.3', '203.0.113.2', '203.0.113.4', '203.0.113.1'],
  );
});

test('goes by the order of the file where networks begin with the same address', () => {
  const rules = statements(
    'map pnic0 10.2.0.0/24 -> 203.0.113.1/32 tcp',
    'map pnic0 10.2.0.0/28 -> 203.0.113.2/32',
    'map pnic0 10.2.0.0/16 -> 203.0.113.3/32',
  );
  assert.equal(
    rules.map((rule) => rule.replace('oifname "pnic0" ip saddr ', '')),
    [
      '10.2.0.0/28 meta l4proto 6 snat to 203.0.113.1',
      '10.2.0.0/28 snat to 203.0.113.2',
      '10.2.0.0/28 snat to 203.0.113.3',
      '10.2.0.0/24 meta l4proto 6 snat to 203.0.113.1',
      '10.2.0.0/24 snat to 203.0.113.3',
      '10.2.0.0/16 snat to 203.0.113.3',
    ],
  );
});

test('gives each host its share of ports under auto', () => {
  const [rule = ''] = statements('map pnic0 10.2.0.0/30 -> 203.0.113.5/32 portmap tcp/udp auto');
  const shares = [0, 1, 2, 3].map((host) => {
    const low = 1024 + host * 16128;
    return `10.2.0.${host} : 203.0.113.5 . ${low}-${low + 16127}`;
  });
  assert.ok(rule.endsWith(`meta l4proto { tcp, udp } snat ip to ip saddr map { ${shares.join(', ')} }`), rule);
});

test('moves a range of ports with its target', () => {
  const [rule = ''] = statements('rdr pnic0 203.0.113.5/32 port 8000-8001 -> 10.2.0.2 port 9000 tcp');
  assert.ok(
    rule.endsWith('th dport 8000-8001 dnat ip to th dport map { 8000 : 10.2.0.2 . 9000, 8001 : 10.2.0.2 . 9001 }'),
  );
});

test('lets round-robin rules for the same packets take turns', () => {
  const rules = statements(
    'rdr pnic0 203.0.113.5/32 port 80 -> 10.2.0.2 port 8080 tcp round-robin',
    'rdr pnic0 203.0.113.5/32 port 80 -> 10.2.0.3 port 8080 tcp round-robin',
  );
  assert.is(rules.length, 1);
  assert.ok(rules[0]?.endsWith('numgen inc mod 2 map { 0 : 10.2.0.2 . 8080, 1 : 10.2.0.3 . 8080 }'), rules[0]);
});

test('leaves out a rule on an interface that is not there', () => {
  assert.equal(statements('map xnic0 10.2.0.0/24 -> 0/32', 'rdr xnic0 0/0 port 80 -> 10.2.0.2 port 80 tcp'), []);
});

test('drops what 0/32 finds no address for', () => {
  assert.equal(statements('map znic0 fd00::/64 -> 0/128'), ['oifname "znic0" ip6 saddr fd00::/64 drop']);
});

for (const [line, reason] of [
  ['map pnic0 10.2.0.0/24 -> 0/32 proxy port ftp ftp/tcp', 'proxy'],
  ['map pnic0 10.2.0.0/24 -> 203.0.113.0/29', 'several addresses on the right'],
  ['map pnic0 10.2.0.0/24 -> range 203.0.113.5-203.0.113.9', 'a range of addresses'],
  ['map-block pnic0 10.2.0.0/24 -> 203.0.113.0/29 ports 64', 'map-block'],
  ['bimap pnic0 10.2.0.2/32 -> 0/32', 'a bimap to the address 0'],
  ['map pnic0 10.2.0.0/24 -> 0/32 mssclamp 1400', 'mssclamp'],
  ['map pnic0 10.2.0.0/24 -> 0/32 age 10', 'age'],
  ['rdr pnic0 0/0 port 80 -> 10.2.0.2,10.2.0.3 port 80 tcp sticky', 'sticky'],
] as const) {
  test(`refuses by name: ${reason}`, () => {
    assert.ok(refusal(line).startsWith(`${reason} in the NAT rule "`), refusal(line));
  });
}

test('makes scripts that nft takes, from every rule set of the conformance data', () => {
  const scripts: string[] = [];
  const refused = new Map<string, number>();
  for (const file of ['nat.json', 'with-nat.json', 'nat66.json']) {
    const { cases } = JSON.parse(readFileSync(`test/fixtures/conformance/${file}`, 'utf8'));
    for (const { nat } of cases as { nat: string[] }[]) {
      try {
        scripts.push(natScript(rulesOf(...nat), INTERFACES));
      } catch (error) {
        if (!(error instanceof NotModelled)) throw error;
        const reason = error.message.split(' in the NAT rule')[0] ?? '';
        refused.set(reason, (refused.get(reason) ?? 0) + 1);
      }
    }
  }
  console.log(`nft: ${scripts.length} rule sets, refused by name: ${JSON.stringify(Object.fromEntries(refused))}`);
  const eachBatch = 'while IFS= read -r -d "" batch; do printf %s "$batch" | nft -f - || exit; done';
  const batches = Array.from({ length: Math.ceil(scripts.length / 30) }, (_, i) => scripts.slice(i * 30, i * 30 + 30));
  const input = batches.map((batch) => `${batch.join('')}\0`).join('');
  const nft = spawnSync('unshare', ['-rn', 'bash', '-c', eachBatch], { input, encoding: 'utf8' });
  assert.is(nft.stderr, '');
  assert.is(nft.status, 0);
});

test.run();
