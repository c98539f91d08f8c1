import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ipadm } from '../commands/ipadm.ts';
import { netstat } from '../commands/netstat.ts';
import type { Program } from '../daemon/call.ts';
import { type BareLab, startBareLab } from '../support/bare-lab.ts';
import { follow } from '../support/transcript.ts';

const test = suite<{ bare: BareLab }>('allowed-address');

test.before.each(async (context) => {
  context.bare = await startBareLab();
});

test.after.each(({ bare }) => bare.stop());

const PROGRAMS: Readonly<Record<string, Program>> = { ipadm, netstat };

/** How to run a command in a zone with such a link. */
async function startZone(bare: BareLab, persistent: boolean) {
  const zone = await bare.zone('web');
  const net = { physical: 'zcli0', allowedAddress: '10.20.1.5/24', defrouter: '10.20.1.1' };
  zone.config = { ...zone.config, nets: [net] };
  const vnic = { name: 'zcli0', class: 'vnic', over: 'e1000g0', active: true, persistent, mtu: 1500 } as const;
  const link = await bare.lab.links.add(vnic);
  link.properties.set('allowed-ips', { active: '10.20.1.5/32' });
  await bare.lab.links.lend(link, zone);
  return ([name = '', ...args]: readonly string[]) => bare.run(zone, PROGRAMS[name] ?? ipadm, ...args);
}

test('gives the zone an address and a router it has not recorded', async ({ bare }) => {
  const run = await startZone(bare, true);
  await follow(
    `
$ ipadm show-if
IFNAME     CLASS     STATE    CURRENT      PERSISTENT
zcli0      IP        disabled ---------Z-- ---
=0
$ ipadm enable-if -t zcli0
=0
$ ipadm show-if -p -o ifname,state,current
zcli0:ok:bm-------Z46
=0
$ ipadm show-addr -p -o type,state,addr
from-gz:ok:10.20.1.5/24
=0
$ netstat -rn -f inet

Routing Table: IPv4
  Destination            Gateway          Flags  Ref     Use     Interface␠
-------------------- -------------------- ----- ----- ---------- ---------␠
default              10.20.1.1            UGZ       2          0 zcli0    ␠
10.20.1.0            10.20.1.5            U         3          0 zcli0    ␠
=0
`,
    run,
  );
  assert.equal(await run('ipadm create-addr -T static -a 10.20.1.5/24 zcli0/v4'.split(' ')), {
    status: 1,
    stdout: '\n',
    stderr: 'ipadm: Could not create address: Operation not permitted on from-gz interface',
  });
});

test('gives nothing on a link that is temporary in the global zone', async ({ bare }) => {
  const run = await startZone(bare, false);
  assert.equal(await run(['ipadm', 'show-if']), { status: 0, stdout: '', stderr: '' });
});

test.run();
