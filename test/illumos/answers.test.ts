// Answers of illumos's programs as illumos.md §11 has them, and what we read from them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { formatCommand } from '../../src/illumos/command.ts';
import {
  createStaticAddress,
  parseAddresses,
  parseForwarding,
  parseForwardingDefault,
  parseInterfaces,
  parseMtu,
} from '../../src/illumos/ipadm.ts';
import { loadInactiveFilter, parseFilterRules, printFilterRules } from '../../src/illumos/ipf.ts';
import { parseNatRules } from '../../src/illumos/ipnat.ts';
import { parseRouteTable } from '../../src/illumos/netstat.ts';
import { exitStatusOf } from '../../src/illumos/smf.ts';
import { formatSetProperties, setProperty } from '../../src/illumos/svccfg.ts';
import { parseProperties } from '../../src/illumos/svcprop.ts';
import { isRunning, parseServices } from '../../src/illumos/svcs.ts';

const test = suite('answers of illumos');

test('ipadm show-addr -p, §11.2', () => {
  const stdout = [
    'lo0/v4:static:ok:127.0.0.1/8',
    'zext0/ext:static:ok:203.0.113.5/24',
    'lo0/v6:static:ok:\\:\\:1/128',
    'zrtr0/ll:addrconf:ok:fe80\\:\\:8\\:20ff\\:fe4e\\:1fa0%zrtr0/10',
    'zext0/d:dhcp:tentative:?',
    'ppp0/?:static:ok:10.0.0.1->10.0.0.2',
    '',
  ].join('\n');
  assert.equal(parseAddresses(stdout), [
    {
      object: 'lo0/v4',
      link: 'lo0',
      family: 'inet',
      type: 'static',
      state: 'ok',
      address: parseInterfaceAddress('127.0.0.1/8'),
    },
    {
      object: 'zext0/ext',
      link: 'zext0',
      family: 'inet',
      type: 'static',
      state: 'ok',
      address: parseInterfaceAddress('203.0.113.5/24'),
    },
    {
      object: 'lo0/v6',
      link: 'lo0',
      family: 'inet6',
      type: 'static',
      state: 'ok',
      address: parseInterfaceAddress('::1/128'),
    },
    {
      object: 'zrtr0/ll',
      link: 'zrtr0',
      family: 'inet6',
      type: 'addrconf',
      state: 'ok',
      address: parseInterfaceAddress('fe80::8:20ff:fe4e:1fa0/10'),
    },
    { object: 'zext0/d', link: 'zext0', family: 'inet', type: 'dhcp', state: 'tentative' },
    { object: 'ppp0/?', link: 'ppp0', family: 'inet', type: 'static', state: 'ok' },
  ]);
});

test('ipadm show-prop and show-ifprop -c, §11.2', () => {
  assert.is(parseForwardingDefault('ipv4:forwarding:on\n'), true);
  assert.is(parseForwardingDefault('ipv6:forwarding:off\n'), false);
  const stdout = [
    'lo0:ipv4:forwarding:on',
    'lo0:ipv6:forwarding:off',
    'pnic0:ipv4:forwarding:on',
    'pnic0:ipv6:forwarding:on',
    'znic0:ipv4:forwarding:off',
    'znic0:ipv6:forwarding:on',
    '',
  ].join('\n');
  assert.equal(parseForwarding(stdout, 'inet'), ['lo0', 'pnic0']);
  assert.equal(parseForwarding(stdout, 'inet6'), ['pnic0', 'znic0']);
  assert.equal(parseMtu('znic0:ipv4:mtu:1500\nznic0:ipv6:mtu:1280\n'), { inet: 1500, inet6: 1280 });
  assert.equal(parseMtu(''), {});
});

test('ipadm show-if -p: what is only recorded is no interface, §2.2', () => {
  assert.equal(parseInterfaces('lo0:ok\nznic0:down\nznic1:disabled\n'), ['lo0', 'znic0']);
});

// Source: usr/src/cmd/cmd-inet/usr.bin/netstat/netstat.c; the column of the interface may be empty.
test('netstat -rnv: the routes by a router, of both families', () => {
  const stdout = `
IRE Table: IPv4
  Destination             Mask           Gateway          Device  MTU  Ref Flg  Out  In/Fwd 
-------------------- --------------- -------------------- ------ ----- --- --- ----- ------ 
default              0.0.0.0         203.0.113.1                  1500   5 UG       15      0 
default              0.0.0.0         203.0.113.9          zext0   1500   1 UG        0      0 
10.20.1.0            255.255.255.0   10.20.1.1            zrtr0   9000   3 U       120      0 
10.30.0.0            255.255.0.0     10.20.1.9                    1500   1 UG        0      0 
127.0.0.1            255.255.255.255 127.0.0.1            lo0     8232   2 UH       40     40 

IRE Table: IPv6
  Destination/Mask            Gateway                    If    MTU  Ref Flags  Out   In/Fwd 
--------------------------- --------------------------- ----- ----- --- ----- ------ ------ 
default                     fe80::1                     zext0  1500   1 UG         0      0 
2001:db8:9::/48             fd00::9                            1500   1 UG         0      0 
::1                         ::1                         lo0    8252   2 UH        14      0 
fe80::/10                   fe80::8:20ff:fe4e:1fa0      zrtr0  1500   2 U          0      0 
`;
  const route = (to: string, router: string, link?: string) => ({
    to: parsePrefix(to),
    router: parseAddress(router),
    ...(link === undefined ? {} : { link }),
  });
  assert.equal(parseRouteTable(stdout), [
    route('0.0.0.0/0', '203.0.113.1'),
    route('0.0.0.0/0', '203.0.113.9', 'zext0'),
    route('10.30.0.0/16', '10.20.1.9'),
    route('::/0', 'fe80::1', 'zext0'),
    route('2001:db8:9::/48', 'fd00::9'),
  ]);
  assert.equal(parseRouteTable(''), []);
});

test('svcs -H -o state,fmri, §6.7', () => {
  const services = parseServices('online         svc:/a:default\noffline*       svc:/b:default\ndegraded svc:/c:x\n');
  assert.equal(
    [...services],
    [
      ['svc:/a:default', { state: 'online', moving: false }],
      ['svc:/b:default', { state: 'offline', moving: true }],
      ['svc:/c:x', { state: 'degraded', moving: false }],
    ],
  );
  assert.equal(
    ['svc:/a:default', 'svc:/b:default', 'svc:/c:x', 'svc:/none'].map((fmri) => isRunning(services.get(fmri))),
    [true, false, true, false],
  );
  assert.throws(() => parseServices('sleeping svc:/a:default\n'), /Cannot read/);
});

test('svcprop of a whole group, §11.7', () => {
  const stdout =
    'config/address net_address 10.20.1.1/24\nconfig/description astring two\\ words\nconfig/empty astring ""\n';
  assert.equal(
    [...parseProperties(stdout)],
    [
      ['config/address', '10.20.1.1/24'],
      ['config/description', 'two words'],
      ['config/empty', ''],
    ],
  );
});

test('svccfg values are quoted once for svccfg, which parses its arguments again, §6.6', () => {
  const property = { name: 'status/message', type: 'astring', value: 'say "no" to C:\\x' } as const;
  assert.equal(setProperty('svc:/x:default', property).args, [
    '-s',
    'svc:/x:default',
    'setprop',
    'status/message',
    '=',
    'astring:',
    '"say \\"no\\" to C:\\\\x"',
  ]);
  assert.is(formatSetProperties([property]), 'setprop status/message = astring: "say \\"no\\" to C:\\\\x"\n');
});

test('ipf: options before -f, which is obeyed when it is read, §7.2', () => {
  assert.is(formatCommand(printFilterRules('/x', 'inet6')), '/usr/sbin/ipf -6 -n -v -f /x');
  assert.is(formatCommand(loadInactiveFilter('/x', 'inet')), '/usr/sbin/ipf -I -f /x');
});

test('filter rules in the order of a file and in that of ipfstat -io are the same rules, §11.9', () => {
  const file = [
    'block in all',
    'pass in quick on lo0 all',
    'pass out quick on ext0 proto tcp from any to any flags S/FSRPAU keep state',
  ];
  const kernel = [file[2], file[0], file[1]];
  assert.equal(parseFilterRules(`${file.join('\n')}\n`), kernel);
  assert.equal(parseFilterRules(`${kernel.join('\n')}\n`), kernel);
  assert.equal(parseFilterRules('block return-rst in quick on in0 all\nblock out on in0 all\n'), [
    'block out on in0 all',
    'block return-rst in quick on in0 all',
  ]);
  assert.equal(parseFilterRules(''), []);
});

test('ipnat -l: rules without sessions, §11.9', () => {
  const rules = [
    'map ext0 10.20.1.0/24 -> 0.0.0.0/32 portmap tcp/udp 20000:31999',
    'map ext0 10.20.1.0/24 -> 0.0.0.0/32',
  ];
  const sessions = 'MAP 10.20.1.5       40112 <- -> 203.0.113.5     20004 [198.51.100.7 443]\n';
  const listed = `List of active MAP/Redirect filters:\n${rules.join('\n')}\n\nList of active sessions:\n${sessions}`;
  assert.equal(parseNatRules(listed), rules);
  assert.equal(parseNatRules(`${rules.join('\n')}\n`), rules);
  assert.equal(parseNatRules('List of active MAP/Redirect filters:\n\nList of active sessions:\n'), []);
});

test('an address is created until the next boot, with its prefix length, §2.3', () => {
  assert.is(
    formatCommand(createStaticAddress('znic1/v4', parseInterfaceAddress('10.2.0.2/24'))),
    '/usr/sbin/ipadm create-addr -t -T static -a 10.2.0.2/24 znic1/v4',
  );
});

for (const [code, status] of [
  ['METADATA_INVALID', 96],
  ['TEMPLATE_INVALID', 96],
  ['PRIVILEGE', 100],
  ['COMMAND_FAILED', 1],
  ['NOT_APPLIED', 95],
  ['WRITE_FAILED', 95],
] as const) {
  test(`${code} ends the start method with ${status}, §6.4`, () => assert.is(exitStatusOf(code), status));
}

test.run();
