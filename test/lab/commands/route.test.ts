import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CallResult, Program } from '../daemon/call.ts';
import type { Zone } from '../daemon/state.ts';
import { type BareLab, startBareLab } from '../support/bare-lab.ts';
import { follow } from '../support/transcript.ts';
import { ipadm } from './ipadm.ts';
import { netstat } from './netstat.ts';
import { route } from './route.ts';
import { readRouteArguments } from './route-arguments.ts';

const PROGRAMS: Readonly<Record<string, Program>> = { ipadm, netstat, route };

type Context = { bare: BareLab; zone: Zone };

const test = suite<Context>('route');

test.before.each(async (context) => {
  const bare = await startBareLab();
  const zone = await bare.zone('proxy');
  for (const [name, mac] of [['zext0', '2:8:20:4e:1f:a1'] as const, ['zrtr0', '2:8:20:4e:1f:a0'] as const]) {
    const vnic = { name, mac, class: 'vnic', over: 'e1000g0', active: true, persistent: true, mtu: 1500 } as const;
    await bare.lab.links.lend(await bare.lab.links.add(vnic), zone);
  }
  const answer = { status: 0, stdout: 'online\n', stderr: '' };
  bare.answers.set('/usr/bin/svcs -H -o state svc:/network/routing/ndp:default', answer);
  context.bare = bare;
  context.zone = zone;
  for (const line of ['127.0.0.1/8 lo0/v4', '::1/128 lo0/v6', '203.0.113.5/24 zext0/ext', '10.20.1.1/24 zrtr0/int']) {
    const [address = '', name = ''] = line.split(' ');
    await run(context, ['ipadm', 'create-addr', '-t', '-T', 'static', '-a', address, name]);
  }
});

test.after.each(async ({ bare }) => bare.stop());

function run({ bare, zone }: Context, [name = '', ...args]: readonly string[]): Promise<CallResult> {
  const program = PROGRAMS[name];
  if (program === undefined) throw new Error(name);
  return bare.run(zone, program, ...args);
}

test('adds and deletes as in the transcript, with illumos errno and all words on stdout', (context) =>
  follow(
    `
$ route -n add default 203.0.113.1
add net default: gateway 203.0.113.1
=0
$ route -n add default 203.0.113.1
add net default: gateway 203.0.113.1: entry exists
=17
$ route -n add 10.30.0.0/16 192.0.2.9
add net 10.30.0.0/16: gateway 192.0.2.9: Network is unreachable
=128
$ route -n delete 10.30.0.0/16 10.20.1.9
delete net 10.30.0.0/16: gateway 10.20.1.9: not in table
=3
$ route -n add 10.20.1.77/32 10.20.1.1
add host 10.20.1.77/32: gateway 10.20.1.1
=0
$ route -n delete 10.20.1.77/32 10.20.1.1
delete host 10.20.1.77/32: gateway 10.20.1.1
=0
$ route -n add 10.20.1.77/32 10.20.1.9
add host 10.20.1.77/32: gateway 10.20.1.9
=0
$ route -n get default
   route to: default
destination: default
       mask: default
    gateway: 203.0.113.1
  interface: zext0
      flags: <UP,GATEWAY,DONE,STATIC>
 recvpipe  sendpipe  ssthresh    rtt,ms rttvar,ms  hopcount      mtu     expire
       0         0         0         0         0         0      1500         0
=0
$ route -n get 10.20.1.77
   route to: 10.20.1.77
destination: 10.20.1.77
       mask: 255.255.255.255
    gateway: 10.20.1.9
  interface: zrtr0
      flags: <UP,GATEWAY,HOST,DONE,STATIC>
 recvpipe  sendpipe  ssthresh    rtt,ms rttvar,ms  hopcount      mtu     expire
       0         0         0         0         0         0      1500         0
=0
$ route -n delete default 203.0.113.1
delete net default: gateway 203.0.113.1
=0
$ route -n get 10.99.0.1
 10.99.0.1: not in table
=3
$ route -n add default 203.0.113.1 -ifp nosuch0
2>route: nosuch0: no such interface
=1
$ route -n add default 203.0.113.1 -gaga
2>route: botched keyword: gaga
=1
$ route -n add default
2>route: gateway required for add or delete command
=1
`,
    (argv) => run(context, argv),
  ));

test('adds a second default route beside the first, and change replaces', (context) =>
  follow(
    `
$ route -n add default 203.0.113.1
add net default: gateway 203.0.113.1
=0
$ route -n add default 10.20.1.9
add net default: gateway 10.20.1.9
=0
$ route -n add default 10.20.1.9
add net default: gateway 10.20.1.9: entry exists
=17
$ netstat -rn -f inet

Routing Table: IPv4
  Destination            Gateway          Flags  Ref     Use     Interface␠
-------------------- -------------------- ----- ----- ---------- ---------␠
default              203.0.113.1          UG        2          0 zext0    ␠
default              10.20.1.9            UG        2          0 zrtr0    ␠
10.20.1.0            10.20.1.1            U         3          0 zrtr0    ␠
127.0.0.1            127.0.0.1            UH        2          0 lo0      ␠
203.0.113.0          203.0.113.5          U         3          0 zext0    ␠
=0
$ route -n delete default 203.0.113.1
delete net default: gateway 203.0.113.1
=0
$ route -n change default 203.0.113.1
change net default: gateway 203.0.113.1
=0
$ route -n change 10.30.0.0/16 203.0.113.1
change net 10.30.0.0/16: gateway 203.0.113.1: not in table
=3
$ netstat -rn -f inet

Routing Table: IPv4
  Destination            Gateway          Flags  Ref     Use     Interface␠
-------------------- -------------------- ----- ----- ---------- ---------␠
default              203.0.113.1          UG        2          0 zext0    ␠
10.20.1.0            10.20.1.1            U         3          0 zrtr0    ␠
127.0.0.1            127.0.0.1            UH        2          0 lo0      ␠
203.0.113.0          203.0.113.5          U         3          0 zext0    ␠
=0
$ route -fn
default              203.0.113.1          done
=0
$ route -n get default
 0.0.0.0: not in table
=3
`,
    (argv) => run(context, argv),
  ));

test('routes IPv6, by a link-local gateway only with -ifp', async (context) => {
  await run(context, ['ipadm', 'create-addr', '-t', '-T', 'addrconf', 'zrtr0/ll']);
  for (;;) {
    const { stdout } = await run(context, ['ipadm', 'show-addr', '-p', '-o', 'state', 'zrtr0/ll']);
    if (stdout === 'ok\n') break;
  }
  await follow(
    `
$ route -n add -inet6 default fe80::1
add net default: gateway fe80::1: Network is unreachable
=128
$ route -n add -inet6 default fe80::1 -ifp zrtr0
add net default: gateway fe80::1
=0
$ route -n add -inet6 default fe80::2 -ifp zrtr0
add net default: gateway fe80::2
=0
$ route -n delete -inet6 default fe80::1 -ifp zrtr0
delete net default: gateway fe80::1
=0
$ netstat -rn -f inet6

Routing Table: IPv6
  Destination/Mask            Gateway                   Flags Ref   Use    If  ␠
--------------------------- --------------------------- ----- --- ------- -----␠
default                     fe80::2                     UG      2       0 zrtr0␠
::1                         ::1                         UH      2       0 lo0  ␠
fe80::/10                   fe80::8:20ff:fe4e:1fa0      U       2       0 zrtr0␠
=0
`,
    (argv) => run(context, argv),
  );
});

test('prints masks and MTUs with -v', async (context) => {
  await run(context, ['ipadm', 'create-addr', '-t', '-T', 'addrconf', 'zrtr0/ll']);
  // The route of the link-local address comes when duplicate detection has ended.
  const state = async () => (await run(context, ['ipadm', 'show-addr', '-p', '-o', 'state', 'zrtr0/ll'])).stdout;
  while ((await state()) !== 'ok\n') await sleep(20);
  await run(context, ['route', '-n', 'add', 'default', '203.0.113.1']);
  await follow(
    `
$ netstat -rnv

IRE Table: IPv4
  Destination             Mask           Gateway          Device  MTU  Ref Flg  Out  In/Fwd␠
-------------------- --------------- -------------------- ------ ----- --- --- ----- ------␠
default              0.0.0.0         203.0.113.1          zext0   1500   2 UG       0      0␠
10.20.1.0            255.255.255.0   10.20.1.1            zrtr0   1500   2 U        0      0␠
127.0.0.1            255.255.255.255 127.0.0.1            lo0     8232   2 UH       0      0␠
203.0.113.0          255.255.255.0   203.0.113.5          zext0   1500   2 U        0      0␠

IRE Table: IPv6
  Destination/Mask            Gateway                    If    MTU  Ref Flags  Out   In/Fwd␠
--------------------------- --------------------------- ----- ----- --- ----- ------ ------␠
::1                         ::1                         lo0    8252   2 UH         0      0␠
fe80::/10                   fe80::8:20ff:fe4e:1fa0      zrtr0  1500   2 U          0      0␠
=0
`,
    (argv) => run(context, argv),
  );
});

test('leaves a tentative address out of account', async (context) => {
  context.bare.lab.switches.set('address-tentative:zrtr0/two', '1');
  await run(context, ['ipadm', 'create-addr', '-t', '-T', 'static', '-a', '192.0.2.1/24', 'zrtr0/two']);
  const add = ['route', '-n', 'add', 'default', '192.0.2.9'];
  assert.is((await run(context, add)).status, 128);
  for (let polls = 0; polls < 2; polls++) await run(context, ['ipadm', 'show-addr']);
  assert.is((await run(context, add)).status, 0);
});

test('leaves an IPv6 address out of account whose duplicates are still looked for', async (context) => {
  const { bare, zone } = context;
  await run(context, ['ipadm', 'create-addr', '-t', '-T', 'addrconf', 'zrtr0/ll']);
  await bare.lab.kernel.sysctl(zone.netns ?? '', [['ipv6/neigh/zrtr0/retrans_time_ms', '60000']]);
  await run(context, ['ipadm', 'create-addr', '-t', '-T', 'static', '-a', '2001:db8::1/64', 'zrtr0/six']);
  assert.is((await run(context, ['ipadm', 'show-addr', '-p', '-o', 'state', 'zrtr0/six'])).stdout, 'tentative\n');
  assert.equal(await run(context, ['route', '-n', 'add', '-inet6', 'default', '2001:db8::9']), {
    status: 128,
    stdout: 'add net default: gateway 2001:db8::9: Network is unreachable\n',
    stderr: '',
  });
});

test('adds a route to a net that is attached', (context) =>
  follow(
    `
$ route -n add 10.50.0.0/16 10.20.1.1 -interface
add net 10.50.0.0/16: gateway 10.20.1.1
=0
$ route -n add default 203.0.113.1
add net default: gateway 203.0.113.1
=0
$ route -n flush
default              203.0.113.1          done
=0
$ route -n get 10.50.1.1
   route to: 10.50.1.1
destination: 10.50.0.0
       mask: 255.255.0.0
  interface: zrtr0
      flags: <UP,DONE,STATIC>
 recvpipe  sendpipe  ssthresh    rtt,ms rttvar,ms  hopcount      mtu     expire
       0         0         0         0         0         0      1500         0
=0
$ route -n delete 10.50.0.0/16 10.20.1.1 -interface
delete net 10.50.0.0/16: gateway 10.20.1.1
=0
`,
    (argv) => run(context, argv),
  ));

test('takes classful masks where none is given', () => {
  const read = (...words: string[]) => {
    const { destination, host } = readRouteArguments([...words, '10.20.1.9'], 'add');
    return [destination.length, host];
  };
  assert.equal(read('10.0.0.0'), [8, false]);
  assert.equal(read('172.16.0.0'), [16, false]);
  assert.equal(read('192.0.2.0'), [24, false]);
  assert.equal(read('10.0.0.5'), [32, true]);
  assert.equal(read('-net', '10.20.0.0'), [16, false]);
  assert.equal(read('-net', '10.20.1.7/32'), [32, false]);
  assert.equal(read('default'), [0, false]);
});

test.run();
