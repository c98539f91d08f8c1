// The whole output of each shipped template.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseDomainName, parseLinkName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { VIEWS } from '../../src/render/views.ts';
import { memberMetadata, nic, proxyMetadata } from '../support/metadata.ts';
import { rendererOf } from '../support/rendered.ts';

const test = suite('templates');
const render = await rendererOf();

function rendered(name: string, metadata: ZoneMetadata): string {
  const view = VIEWS[name];
  if (view === undefined) throw new Error(`no view for ${name}`);
  return render(name, view(metadata, {}));
}

/** The lines below the banner. */
function body(name: string, metadata: ZoneMetadata): string[] {
  return rendered(name, metadata).split('\n').slice(3);
}

const rules = (lines: readonly string[]) => lines.filter((line) => line !== '');

test('a banner names the template and how to override it', () => {
  assert.equal(rendered('ipnat.conf.hbs', proxyMetadata()).split('\n').slice(0, 3), [
    '# Written by zonenet from /opt/zonenet/templates/ipnat.conf.hbs; what is changed here is lost.',
    '# To change it for good, put ipnat.conf.hbs into /etc/zonenet/templates/ and run',
    '#   svcadm refresh svc:/network/zonenet:default',
  ]);
});

test('ipf.conf of the story', () => {
  assert.equal(
    body('ipf.conf.hbs', proxyMetadata()).filter((line) => line !== '' && !line.startsWith('#')),
    [
      'pass in quick on lo0 all',
      'pass out quick on lo0 all',
      'block in quick on znic0 from ! 10.2.0.0/24 to any',
      'block in quick on pnic0 from 10.2.0.0/24 to any',
      'block in quick on pnic0 from any to 10.2.0.0/24 with not nat',
      'pass in quick on znic0 proto tcp from 10.2.0.0/24 to any flags S keep state',
      'pass in quick on znic0 proto udp from 10.2.0.0/24 to any keep state',
      'pass in quick on znic0 proto icmp from 10.2.0.0/24 to any keep state',
      'pass out quick on pnic0 proto tcp from any to any flags S keep state',
      'pass out quick on pnic0 proto udp from any to any keep state',
      'pass out quick on pnic0 proto icmp from any to any keep state',
      'pass out quick on znic0 proto tcp from any to 10.2.0.0/24 flags S keep state',
      'pass out quick on znic0 proto udp from any to 10.2.0.0/24 keep state',
      'pass out quick on znic0 proto icmp from any to 10.2.0.0/24 keep state',
      'block in all',
      'block out all',
    ],
  );
});

test('ipf6.conf of the story lets neighbours and too-big through by number and nothing else', () => {
  assert.equal(rules(body('ipf6.conf.hbs', proxyMetadata())), [
    'pass in quick on lo0 all',
    'pass out quick on lo0 all',
    'pass in quick on pnic0 proto ipv6-icmp from any to any icmp-type 133',
    'pass in quick on pnic0 proto ipv6-icmp from any to any icmp-type 134',
    'pass in quick on pnic0 proto ipv6-icmp from any to any icmp-type 135',
    'pass in quick on pnic0 proto ipv6-icmp from any to any icmp-type 136',
    'pass in quick on pnic0 proto ipv6-icmp from any to any icmp-type 2',
    'pass in quick on znic0 proto ipv6-icmp from any to any icmp-type 133',
    'pass in quick on znic0 proto ipv6-icmp from any to any icmp-type 135',
    'pass in quick on znic0 proto ipv6-icmp from any to any icmp-type 136',
    'pass out quick proto ipv6-icmp from any to any icmp-type 133',
    'pass out quick proto ipv6-icmp from any to any icmp-type 134',
    'pass out quick proto ipv6-icmp from any to any icmp-type 135',
    'pass out quick proto ipv6-icmp from any to any icmp-type 136',
    'pass out quick proto ipv6-icmp from any to any icmp-type 2',
    'block in all',
    'block out all',
  ]);
});

test('ipnat.conf of the story names the outside address', () => {
  assert.equal(body('ipnat.conf.hbs', proxyMetadata()), [
    'map pnic0 10.2.0.0/24 -> 203.0.113.5/32 portmap tcp/udp 10000:29999',
    'map pnic0 10.2.0.0/24 -> 203.0.113.5/32 icmpidmap icmp 10000:29999',
    'map pnic0 10.2.0.0/24 -> 203.0.113.5/32',
    '',
  ]);
});

test('ipnat.conf follows the address of a link that has none of its own yet', () => {
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  assert.equal(
    body('ipnat.conf.hbs', proxyMetadata({ nics: [{ ...outside, addresses: [] }, inside] }))[2],
    'map pnic0 10.2.0.0/24 -> 0/32',
  );
});

test('each network behind each uplink has its lines', () => {
  const { nics, networks } = proxyMetadata();
  const lab = nic({
    link: parseLinkName('znic5'),
    network: parseNetworkName('lab'),
    addresses: [parseInterfaceAddress('10.3.0.1/16')],
    routers: [],
  });
  const two = proxyMetadata({
    nics: [...nics, lab],
    networks: [...networks, { name: parseNetworkName('lab'), prefixes: [parsePrefix('10.3.0.0/16')] }],
  });
  assert.equal(
    body('ipnat.conf.hbs', two).filter((line) => !line.includes('map icmp') && line.endsWith('/32')),
    ['map pnic0 10.2.0.0/24 -> 203.0.113.5/32', 'map pnic0 10.3.0.0/16 -> 203.0.113.5/32'],
  );
  const rules = body('ipf.conf.hbs', two).filter((line) => line.startsWith('block'));
  assert.equal(rules, [
    'block in quick on znic0 from ! 10.2.0.0/24 to any',
    'block in quick on znic5 from ! 10.3.0.0/16 to any',
    'block in quick on pnic0 from 10.2.0.0/24 to any',
    'block in quick on pnic0 from any to 10.2.0.0/24 with not nat',
    'block in quick on pnic0 from 10.3.0.0/16 to any',
    'block in quick on pnic0 from any to 10.3.0.0/16 with not nat',
    'block in all',
    'block out all',
  ]);
});

test('a proxy without NICs blocks all and maps nothing, in files that are not empty', () => {
  const bare = proxyMetadata({ nics: [] });
  assert.equal(
    body('ipf.conf.hbs', bare).filter((line) => line !== '' && !line.startsWith('#')),
    ['pass in quick on lo0 all', 'pass out quick on lo0 all', 'block in all', 'block out all'],
  );
  assert.equal(body('ipnat.conf.hbs', bare), ['']);
  assert.ok(rendered('ipnat.conf.hbs', bare).startsWith('#'));
});

test('no rule stands twice', () => {
  for (const name of ['ipf.conf.hbs', 'ipf6.conf.hbs', 'ipnat.conf.hbs']) {
    const rules = body(name, proxyMetadata()).filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(rules.length, new Set(rules).size, name);
  }
});

test('resolv.conf has a domain or a search list, never both', () => {
  const nameservers = [parseAddress('10.2.0.1'), parseAddress('fd00::1')];
  const domain = parseDomainName('back.internal');
  assert.equal(body('resolv.conf.hbs', memberMetadata({ resolver: { nameservers, domain, search: [] } })), [
    'domain back.internal',
    'nameserver 10.2.0.1',
    'nameserver fd00::1',
    '',
  ]);
  const search = [parseDomainName('example.com'), domain];
  assert.equal(body('resolv.conf.hbs', memberMetadata({ resolver: { nameservers: [], domain, search } })), [
    'search back.internal example.com',
    '',
  ]);
});

test('hosts of a member', () => {
  assert.equal(body('hosts.hbs', memberMetadata()), [
    '::1 localhost',
    '127.0.0.1 localhost',
    '10.2.0.2 web1 loghost',
    '',
  ]);
});

test('hosts of a proxy names the zones behind it', () => {
  assert.equal(body('hosts.hbs', proxyMetadata()), [
    '::1 localhost',
    '127.0.0.1 localhost',
    '203.0.113.5 proxy proxy.back.internal loghost',
    '10.2.0.1 proxy proxy.back.internal',
    '10.2.0.2 web1 web1.back.internal',
    '',
  ]);
});

test('nodename is the name and nothing else', () => {
  assert.is(rendered('nodename.hbs', memberMetadata({ zone: parseZoneName('web.1') })), 'web.1\n');
});

test.run();
