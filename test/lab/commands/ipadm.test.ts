import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Zone } from '../daemon/state.ts';
import { type BareLab, startBareLab } from '../support/bare-lab.ts';
import { follow } from '../support/transcript.ts';
import { ipadm } from './ipadm.ts';
import { parseAddressName } from './ipadm-name.ts';

const test = suite<{ bare: BareLab; zone: Zone }>('ipadm');

const MACS: Readonly<Record<string, string>> = { zext0: '2:8:20:4e:1f:a1', zrtr0: '2:8:20:4e:1f:a0' };

async function lend({ lab }: BareLab, zone: Zone, name: string, over: string, persistent = true) {
  const mac = MACS[name];
  const link = await lab.links.add({
    name,
    class: 'vnic',
    over,
    ...(mac === undefined ? {} : { mac }),
    active: true,
    persistent,
    mtu: over === 'e1000g0' ? 1500 : 9000,
  });
  await lab.links.lend(link, zone);
  return link;
}

test.before.each(async (context) => {
  const bare = await startBareLab();
  context.bare = bare;
  await bare.lab.links.add({ name: 'zstub0', class: 'etherstub', active: true, persistent: true, mtu: 9000 });
  context.zone = await bare.zone('proxy');
  await lend(bare, context.zone, 'zext0', 'e1000g0');
  await lend(bare, context.zone, 'zrtr0', 'e1000g0');
  bare.answers.set('/usr/bin/svcs -H -o state svc:/network/routing/ndp:default', {
    status: 0,
    stdout: 'online\n',
    stderr: '',
  });
});

test.after.each(async ({ bare }) => bare.stop());

const run = ({ bare, zone }: { bare: BareLab; zone: Zone }, line: string, inZone = zone) =>
  bare.run(inZone, ipadm, ...line.split(' '));

/** Must succeed without a word. */
async function ok(context: { bare: BareLab; zone: Zone }, ...lines: string[]) {
  for (const line of lines) assert.equal(await run(context, line), { status: 0, stdout: '', stderr: '' }, line);
}

const failure = (text: string) => ({ status: 1, stdout: '\n', stderr: `ipadm: ${text}` });

const LOOPBACK = ['create-addr -t -T static -a 127.0.0.1/8 lo0/v4', 'create-addr -t -T static -a ::1/128 lo0/v6'];

/** Asks until the address is neither tentative nor missing. */
async function settled(context: { bare: BareLab; zone: Zone }, name: string, zone = context.zone): Promise<string> {
  for (;;) {
    const { stdout } = await run(context, `show-addr -p -o state ${name}`, zone);
    if (stdout.trim() !== 'tentative') return stdout.trim();
  }
}

test('shows addresses as in the transcript', async (context) => {
  await ok(
    context,
    ...LOOPBACK,
    'create-addr -t -T static -a 203.0.113.5/24 zext0/ext',
    'create-addr -t -T static -a 10.20.1.1/24 zrtr0/int',
    'create-addr -t -T addrconf zrtr0/ll',
  );
  assert.is(await settled(context, 'zrtr0/ll'), 'ok');
  await follow(
    `
$ ipadm show-addr
ADDROBJ           TYPE     STATE        ADDR
lo0/v4            static   ok           127.0.0.1/8
zext0/ext         static   ok           203.0.113.5/24
zrtr0/int         static   ok           10.20.1.1/24
lo0/v6            static   ok           ::1/128
zrtr0/ll          addrconf ok           fe80::8:20ff:fe4e:1fa0%zrtr0/10
=0
$ ipadm show-addr -p -o addrobj,type,state,addr
lo0/v4:static:ok:127.0.0.1/8
zext0/ext:static:ok:203.0.113.5/24
zrtr0/int:static:ok:10.20.1.1/24
lo0/v6:static:ok:\\:\\:1/128
zrtr0/ll:addrconf:ok:fe80\\:\\:8\\:20ff\\:fe4e\\:1fa0%zrtr0/10
=0
$ ipadm show-addr -p -o addr zrtr0/int
10.20.1.1/24
=0
$ ipadm show-addr -p -o addrobj zrtr0/
zrtr0/int
zrtr0/ll
=0
`,
    ([, ...args]) => context.bare.run(context.zone, ipadm, ...args),
  );
  assert.equal(await context.bare.run(context.zone, ipadm), await run(context, 'show-addr'));
  assert.equal(await run(context, 'show-addr zrtr0/nosuch'), failure('Could not get address: Object not found'));
  assert.equal(await run(context, 'show-addr zrtr0'), failure('Invalid address object name provided'));
  assert.equal(await run(context, 'show-addr -p'), failure('-p requires -o'));
});

test('shows interfaces as in the transcript', async (context) => {
  await ok(context, ...LOOPBACK, 'create-addr -t -T static -a 203.0.113.5/24 zext0/ext', 'create-if zrtr0');
  await follow(
    `
$ ipadm show-if
IFNAME     CLASS     STATE    CURRENT      PERSISTENT
lo0        VIRTUAL   ok       -m-v------46 ---
zext0      IP        ok       bm--------46 ---
zrtr0      IP        down     bm--------46 -46
=0
$ ipadm show-if -p -o ifname,state zrtr0
zrtr0:down
=0
`,
    ([, ...args]) => context.bare.run(context.zone, ipadm, ...args),
  );
  assert.equal(await run(context, 'show-if nosuch0'), failure('Could not get interface(s): Interface does not exist'));
});

test('shows properties as in the transcript', async (context) => {
  await ok(
    context,
    'create-if -t zrtr0',
    'set-ifprop -t -p forwarding=on -m ipv4 zrtr0',
    'set-prop -t -p forwarding=on ipv4',
  );
  await follow(
    `
$ ipadm show-ifprop -p forwarding,mtu -m ipv4 zrtr0
IFNAME      PROPERTY        PROTO PERM CURRENT    PERSISTENT DEFAULT    POSSIBLE
zrtr0       forwarding      ipv4  rw   on         --         off        on,off
zrtr0       mtu             ipv4  rw   1500       --         1500       68-1500
=0
$ ipadm show-ifprop -c -o property,current,persistent -p forwarding -m ipv4 zrtr0
forwarding:on:
=0
$ ipadm show-prop -c -o current -p forwarding ipv4
on
=0
`,
    ([, ...args]) => context.bare.run(context.zone, ipadm, ...args),
  );
});

test('fails with the text on stderr and its newline on stdout', async (context) => {
  const link = await lend(context.bare, context.zone, 'zcli0', 'zstub0');
  link.properties.set('allowed-ips', { active: '10.20.1.5/32' });
  await ok(context, ...LOOPBACK, 'create-addr -t -T static -a 10.20.1.9/24 zrtr0/int', 'create-if -t zcli0');
  await lend(context.bare, context.zone, 'ztmp0', 'zstub0', false);
  const static1 = 'create-addr -t -T static -a 10.20.1.1/24';
  const cases: [string, string][] = [
    ['create-if -t zrtr0', 'Could not create zrtr0 : Interface already exists'],
    ['create-if -t zno0', 'Could not create zno0 : Could not open DLPI link'],
    ['create-if ztmp0', 'Could not create ztmp0 : Persistent operation on temporary object'],
    [`${static1} zrtr0/int`, 'Could not create address: Address object already exists'],
    [`${static1} zrtr0/zone-net`, 'Error in creating address object: Invalid argument provided'],
    [
      'create-addr -T static -a 10.20.1.1/24 ztmp0/int',
      'Could not create address: Persistent operation on temporary object',
    ],
    [
      'create-addr -T static -a 10.20.1.1/24 zrtr0/two',
      'Could not create address: Persistent operation on temporary object',
    ],
    ['create-addr -t -T static -a 10.20.1.1/33 zrtr0/two', 'Error in setting local address: Invalid argument provided'],
    ['delete-addr zrtr0/nosuch', 'could not delete address: Object not found'],
    ['delete-if nosuch0', 'Could not delete nosuch0: Interface does not exist'],
    ['set-ifprop -t -p forwarding=on -m ipv4 zcli0', 'set-ifprop: forwarding: Permission denied'],
    ['create-addr -t -T static -a 10.20.1.6/24 zcli0/v4', 'Could not create address: Permission denied'],
    ['set-ifprop -t -p forwarding=yes -m ipv4 zrtr0', 'set-ifprop: forwarding: Invalid argument provided'],
    ['set-ifprop -p forwarding=on -m ipv4 zrtr0', 'set-ifprop: forwarding: Persistent operation on temporary object'],
    ['set-ifprop -t -p forwarding=on -m ipv4 lo0', 'set-ifprop: forwarding: Invalid argument provided'],
    ['set-ifprop -t -p speed=1 -m ipv4 zrtr0', 'set-ifprop: speed: Unknown property'],
    ['set-ifprop -t -p mtu=9000 -m ipv4 zrtr0', 'set-ifprop: mtu: Invalid argument provided'],
    ['set-ifprop -t -p mtu=1500 -m ip4 zrtr0', "invalid protocol 'ip4' specified"],
    ['show-ifprop -p mtu -m ipv4 -m ipv6 zrtr0', 'cannot specify more than one -m'],
    ['enable-if zrtr0', 'persistent operation not supported for enable-if'],
  ];
  for (const [line, text] of cases) assert.equal(await run(context, line), failure(text), line);
  assert.equal(await run(context, 'frobnicate'), {
    status: 1,
    stdout: '',
    stderr: "ipadm: unknown subcommand 'frobnicate'\nusage:  ipadm <subcommand> <args> ...\n",
  });
  await ok(context, 'create-addr -t -T static -a 10.20.1.5/24 zcli0/v4');
  assert.is((await run(context, 'show-if -p -o current zcli0')).stdout, 'bm-------Z46\n');
  assert.is((await run(context, 'show-addr -p -o type zcli0/v4')).stdout, 'from-gz\n');
});

test('takes away the interface it plumbed for an address that fails', async (context) => {
  const line = 'create-addr -t -T static -a 2001:db8::1/64 zrtr0/v6';
  assert.equal(await run(context, line), failure("Could not create address: Can't assign requested address"));
  assert.is((await run(context, 'show-if -p -o ifname')).stdout, '');
  await ok(context, 'create-addr -t -T addrconf zrtr0/ll', line);
  assert.is(await settled(context, 'zrtr0/v6'), 'ok');
});

test('makes no link-local address while in.ndpd does not run', async (context) => {
  const svcs = '/usr/bin/svcs -H -o state svc:/network/routing/ndp:default';
  context.bare.answers.set(svcs, { status: 0, stdout: 'offline\n', stderr: '' });
  const text = 'Could not create address: IPv6 autoconf daemon in.ndpd not running';
  assert.equal(await run(context, 'create-addr -t -T addrconf zrtr0/ll'), failure(text));
});

test('takes the classful length for an address without one', async (context) => {
  await ok(
    context,
    'create-addr -t -T static -a 10.20.1.5 zrtr0/a',
    'create-addr -t -T static -a 172.16.0.1 zrtr0/b',
    'create-addr -t -T static -a 192.0.2.1 zrtr0/c',
  );
  assert.is((await run(context, 'show-addr -p -o addr zrtr0/')).stdout, '10.20.1.5/8\n172.16.0.1/16\n192.0.2.1/24\n');
});

test('accepts the address object names that illumos accepts', () => {
  const cases = JSON.parse(readFileSync('test/fixtures/conformance/names.json', 'utf8')) as {
    kind: string;
    name: string;
    valid: boolean;
  }[];
  const names = cases.filter(({ kind }) => kind === 'address-object');
  assert.is(names.length, 55);
  for (const { name, valid } of names) assert.is(parseAddressName(name) !== undefined, valid, JSON.stringify(name));
});

test('calls an IPv4 address that another zone has a duplicate, and succeeds', async (context) => {
  const { bare } = context;
  const other = await bare.zone('other');
  await lend(bare, other, 'zoth0', 'e1000g0');
  await ok(context, 'create-addr -t -T static -a 203.0.113.5/24 zext0/ext');
  const create = await run(context, 'create-addr -t -T static -a 203.0.113.5/24 zoth0/v4', other);
  assert.equal(create, { status: 0, stdout: '', stderr: '' });
  assert.is(await settled(context, 'zoth0/v4', other), 'duplicate');
  await ok(context, 'delete-addr zext0/ext');
  assert.is((await run(context, 'refresh-addr zoth0/v4', other)).status, 0);
  assert.is(await settled(context, 'zoth0/v4', other), 'ok');
});

test('calls an address of the outside a duplicate on the wire of the physical link only', async (context) => {
  const { bare, zone } = context;
  await bare.lab.links.attachOutside('inet', 'net0', 'e1000g0');
  await bare.lab.kernel.ip('inet', ['address add 203.0.113.1/24 dev net0']);
  await lend(bare, zone, 'zcli0', 'zstub0');
  await ok(context, 'create-addr -t -T static -a 203.0.113.1/24 zext0/ext');
  assert.is(await settled(context, 'zext0/ext'), 'duplicate');
  await ok(context, 'create-addr -t -T static -a 203.0.113.1/24 zcli0/v4');
  assert.is(await settled(context, 'zcli0/v4'), 'ok');
});

test('finds an IPv6 duplicate on the wire', async (context) => {
  const { bare } = context;
  const other = await bare.zone('other');
  await lend(bare, other, 'zoth0', 'e1000g0');
  for (const [zone, link] of [[context.zone, 'zext0'] as const, [other, 'zoth0'] as const]) {
    await run(context, `create-addr -t -T addrconf ${link}/ll`, zone);
    assert.is(await settled(context, `${link}/ll`, zone), 'ok');
    await run(context, `create-addr -t -T static -a 2001:db8::1/64 ${link}/v6`, zone);
    assert.is(await settled(context, `${link}/v6`, zone), zone === other ? 'duplicate' : 'ok');
  }
});

test('keeps an address tentative as long as the switch says', async (context) => {
  context.bare.lab.switches.set('address-tentative:zext0/a', '2');
  context.bare.lab.switches.set('address-tentative:zrtr0/b', '1 duplicate');
  await ok(
    context,
    'create-addr -t -T static -a 10.1.0.1/24 zext0/a',
    'create-addr -t -T static -a 10.2.0.1/24 zrtr0/b',
  );
  const states = async () => (await run(context, 'show-addr -p -o state')).stdout.split('\n').slice(0, -1);
  assert.equal(await states(), ['tentative', 'tentative']);
  assert.equal(await states(), ['tentative', 'duplicate']);
  assert.equal(await states(), ['ok', 'duplicate']);
});

test('takes addresses down and up', async (context) => {
  await ok(context, 'create-addr -t -T static -d -a 10.1.0.1/24 zext0/a');
  assert.is(await settled(context, 'zext0/a'), 'down');
  assert.equal(
    await run(context, 'up-addr zext0/a'),
    failure('Could not mark the address up: Persistent operation on temporary object'),
  );
  await ok(context, 'up-addr -t zext0/a');
  assert.is(await settled(context, 'zext0/a'), 'ok');
  await ok(context, 'down-addr -t zext0/a');
  assert.is(await settled(context, 'zext0/a'), 'down');
});

test('takes a recorded address out of the running system, and back', async (context) => {
  await ok(context, 'create-addr -T static -a 10.1.0.1/24 zext0/a', 'create-addr -t -T static -a 10.1.0.2/24 zext0/b');
  assert.equal(
    await run(context, 'disable-addr zext0/a'),
    failure('persistent operation not supported for disable-addr'),
  );
  await ok(context, 'disable-addr -t zext0/a');
  assert.is((await run(context, 'show-addr -p -o state zext0/a')).stdout, 'disabled\n');
  await ok(context, 'enable-addr -t zext0/a');
  assert.is(await settled(context, 'zext0/a'), 'ok');
  assert.equal(
    await run(context, 'disable-addr -t zext0/b'),
    failure('could not disable address: Persistent operation on temporary object'),
  );
});

test('help is no failure', async (context) => {
  assert.equal(await run(context, 'help'), {
    status: 0,
    stdout: '',
    stderr: 'usage:  ipadm <subcommand> <args> ...\n',
  });
});

test('brings back at a reboot what is recorded, and nothing else', async (context) => {
  const { bare, zone } = context;
  await ok(
    context,
    'create-addr -T static -a 203.0.113.5/24 zext0/ext',
    'create-addr -t -T static -a 203.0.113.6/24 zext0/more',
    'set-ifprop -p forwarding=on -m ipv4 zext0',
    'create-if -t zrtr0',
  );
  await bare.reboot(zone);
  await follow(
    `
$ ipadm show-if
IFNAME     CLASS     STATE    CURRENT      PERSISTENT
zext0      IP        disabled ------------ -46
=0
$ ipadm show-addr
ADDROBJ           TYPE     STATE        ADDR
zext0/ext         static   disabled     203.0.113.5/24
=0
$ ipadm enable-if -t zext0
=0
$ ipadm show-addr -o addrobj,type,state,current,persistent,addr
ADDROBJ           TYPE     STATE        CURRENT PERSISTENT ADDR
zext0/ext         static   ok           U----   U--        203.0.113.5/24
=0
$ ipadm show-ifprop -c -o ifname,current,persistent -p forwarding -m ipv4
zext0:on:on
=0
$ ipadm disable-if -t zext0
=0
$ ipadm delete-if zext0
=0
$ ipadm show-if
=0
`,
    ([, ...args]) => bare.run(zone, ipadm, ...args),
  );
});

test('refuses a second create of what is recorded and disabled', async (context) => {
  const { bare, zone } = context;
  await ok(context, 'create-addr -T static -a 203.0.113.5/24 zext0/ext');
  await bare.reboot(zone);
  assert.equal(
    await run(context, 'create-addr -t -T static -a 203.0.113.5/24 zext0/two'),
    failure('Could not create address: Operation not supported on disabled object'),
  );
  assert.equal(await run(context, 'create-if -t zext0'), failure('Could not create zext0 : Interface already exists'));
});

test('holds a link while it is plumbed', async (context) => {
  const { bare, zone } = context;
  await ok(context, 'create-if -t zext0');
  const link = bare.lab.links.find(zone, 'zext0');
  assert.is(link?.holds.has('ip'), true);
  assert.equal(await run(context, 'create-if -t zext0', bare.lab.global), {
    ...failure('Could not create zext0 : Interface already in use'),
  });
  await ok(context, 'delete-if zext0');
  assert.is(link?.holds.has('ip'), false);
});

test('says so when ipmgmtd is down', async (context) => {
  context.bare.lab.switches.set('ipmgmtd-down', '1');
  assert.equal(
    await run(context, 'create-if -t zext0'),
    failure('Could not create zext0 : Could not communicate with ipmgmtd'),
  );
  assert.is((await run(context, 'show-if')).status, 0);
  await ok(context, 'create-if -t zext0');
});

test.run();
