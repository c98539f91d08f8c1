import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/assertions.ts';
import type { Zone } from '../daemon/state.ts';
import { callProgram, type FakeLab, fakeLab } from '../support/fake-lab.ts';
import { follow } from '../support/transcript.ts';
import { dladm } from './dladm.ts';

const test = suite('dladm');

let lab: FakeLab;
test.before.each(async () => {
  lab = await fakeLab([{ name: 'net0' }]);
});
test.after.each(() => lab.remove());

const run = (argv: readonly string[], zone?: Zone) => callProgram(lab, dladm, argv, zone === undefined ? {} : { zone });
const transcript = (text: string, zone?: Zone) => follow(text, (argv) => run(argv, zone));
/** Runs commands that must succeed without a word. */
async function silently(...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    assert.equal(await run(command.split(' ')), { status: 0, stdout: '', stderr: '' }, command);
  }
}

function addZone(name: string): Zone {
  const config = { ...lab.global.config, ipType: 'exclusive' as const };
  const zone: Zone = { name, id: 1, state: 'running', config, root: `/zones/${name}/root`, netns: 'z1' };
  lab.zones.set(name, zone);
  return zone;
}

/** The links of §11.1. */
async function transcriptLinks(): Promise<void> {
  await silently(
    'dladm create-etherstub zstub0',
    'dladm create-vnic -l zstub0 -m 2:8:20:4e:1f:a0 zrtr0',
    'dladm create-vnic -l zstub0 -m 2:8:20:09:c1:07 zcli0',
    'dladm create-vnic -l net0 -m 2:8:20:77:3a:ee -v 42 zext0',
    'dladm set-linkprop -t -p mtu=1500 zrtr0',
  );
}

test('shows links (§11.1)', async () => {
  await transcriptLinks();
  await transcript(`
$ dladm show-link
LINK        CLASS     MTU    STATE    BRIDGE     OVER
net0        phys      1500   up       --         --
zstub0      etherstub 9000   up       --         --
zrtr0       vnic      1500   up       --         zstub0
zcli0       vnic      9000   up       --         zstub0
zext0       vnic      1500   up       --         net0
=0
$ dladm
LINK        CLASS     MTU    STATE    BRIDGE     OVER
net0        phys      1500   up       --         --
zstub0      etherstub 9000   up       --         --
zrtr0       vnic      1500   up       --         zstub0
zcli0       vnic      9000   up       --         zstub0
zext0       vnic      1500   up       --         net0
=0
$ dladm show-link -p -o link,class,mtu,state,bridge,over
net0:phys:1500:up::
zstub0:etherstub:9000:up::
zrtr0:vnic:1500:up::zstub0
zcli0:vnic:9000:up::zstub0
zext0:vnic:1500:up::net0
=0
$ dladm show-link -p
2>dladm: -p requires -o
=1
$ dladm show-link -p -o all
2>dladm: "-o all" is invalid with -p
=1
$ dladm show-link nosuch0
2>dladm: link nosuch0 is not valid: object not found
=1
`);
});

test('shows a zone its own links, and not what they are over (§11.1)', async () => {
  await transcriptLinks();
  const zone = addZone('clienta');
  await silently('dladm set-linkprop -t -p zone=clienta zcli0');
  await transcript(
    `
$ dladm show-link
LINK        CLASS     MTU    STATE    BRIDGE     OVER
zcli0       vnic      9000   up       --         ?
=0
$ dladm show-link -p -o link,over
zcli0:?
=0
$ dladm show-phys
=0
`,
    zone,
  );
});

test('shows VNICs (§11.1)', async () => {
  await transcript(`
$ dladm show-vnic
=0
`);
  await transcriptLinks();
  await transcript(`
$ dladm show-vnic
LINK         OVER         SPEED    MACADDRESS        MACADDRTYPE         VID
zrtr0        zstub0       0        2:8:20:4e:1f:a0   fixed               0
zcli0        zstub0       0        2:8:20:9:c1:7     fixed               0
zext0        net0         1000     2:8:20:77:3a:ee   fixed               42
=0
$ dladm show-vnic -l zstub0 -p -o link,over,macaddress,vid
zrtr0:zstub0:2\\:8\\:20\\:4e\\:1f\\:a0:0
zcli0:zstub0:2\\:8\\:20\\:9\\:c1\\:7:0
=0
$ dladm show-vnic -p -o macaddress zrtr0
2:8:20:4e:1f:a0
=0
$ dladm show-vnic -p -o link,zone
2>dladm: unknown output field: \`zone'
=1
$ dladm show-vnic nosuch0
2>dladm: invalid vnic name 'nosuch0': object not found
=1
$ dladm show-vnic zstub0
2>dladm: datalink zstub0 is not a vnic: found class etherstub
=1
$ dladm show-vnic -l nosuch0
2>dladm: invalid link name 'nosuch0': object not found
=1
`);
});

test('chooses addresses under 2:8:20', async () => {
  await silently('dladm create-etherstub stub0', 'dladm create-vnic -l stub0 a0', 'dladm create-vnic -l stub0 b0');
  const { stdout } = await run(['dladm', 'show-vnic', '-p', '-o', 'macaddrtype,macaddress']);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(new Set(lines).size, 2);
  for (const line of lines) assert.match(line, /^random:2\\:8\\:20(\\:[0-9a-f]{1,2}){3}$/);
});

test('shows etherstubs and physical links (§11.1)', async () => {
  lab.remove();
  lab = await fakeLab([{ name: 'e1000g0' }, { name: 'e1000g1', up: false }]);
  await silently(
    'dladm rename-link e1000g0 net0',
    'dladm rename-link e1000g1 net1',
    'dladm create-etherstub zstub0',
    'dladm create-etherstub zstub1',
  );
  await transcript(`
$ dladm show-etherstub
LINK
zstub0
zstub1
=0
$ dladm show-etherstub -p -o link
zstub0
zstub1
=0
$ dladm show-etherstub net0
2>dladm: datalink net0 is not an etherstub: found class phys
=1
$ dladm show-etherstub nosuch0
2>dladm: invalid etherstub name 'nosuch0': object not found
=1
$ dladm show-phys
LINK         MEDIA                STATE      SPEED    DUPLEX   DEVICE
net0         Ethernet             up         1000     full     e1000g0
net1         Ethernet             unknown    0        half     e1000g1
=0
$ dladm show-phys -m net0
LINK         SLOT     ADDRESS            INUSE CLIENT
net0         primary  0:50:56:0:0:1      yes  net0
=0
`);
});

test('shows properties (§11.1)', async () => {
  await transcriptLinks();
  addZone('clienta');
  addZone('router0');
  await silently(
    'dladm set-linkprop -t -p zone=clienta zcli0',
    'dladm set-linkprop -t -p zone=router0 zrtr0',
    'dladm set-linkprop -p maxbw=50M zcli0',
    'dladm set-linkprop -p protection=restricted,mac-nospoof zcli0',
    'dladm set-linkprop -p allowed-ips=10.20.1.5,10.20.1.6/32 zcli0',
  );
  await transcript(`
$ dladm show-linkprop -p mtu,zone,maxbw,protection,allowed-ips zcli0
LINK         PROPERTY        PERM VALUE          DEFAULT        POSSIBLE
zcli0        mtu             rw   9000           9000           576-9000␠
zcli0        zone            rw   clienta        --             --␠
zcli0        maxbw           rw      50          --             --␠
zcli0        protection      rw   mac-nospoof,   --             mac-nospoof,
                                  restricted                    restricted,
                                                                ip-nospoof,
                                                                dhcp-nospoof␠
zcli0        allowed-ips     rw   10.20.1.5/32,  --             --␠
                                  10.20.1.6/32                 ␠
=0
$ dladm show-linkprop -c -o link,property,value -p zone,protection,maxbw zcli0
zcli0:zone:clienta
zcli0:protection:mac-nospoof,restricted
zcli0:maxbw:   50
=0
$ dladm show-linkprop -c -o value -p zone net0

=0
$ dladm show-linkprop -c -o link,value -p zone
net0:
zstub0:
zrtr0:router0
zcli0:clienta
zext0:
=0
$ dladm show-linkprop -c -p zone zcli0
2>dladm: output fields must be specified in parsable mode
=1
$ dladm show-linkprop -c -o all -p zone zcli0
2>dladm: output field \`all' invalid in parsable mode
=1
$ dladm show-linkprop -c -o property,value,default -p protection,allowed-ips,priority zrtr0
protection::--
allowed-ips::--
priority:high:high
=0
$ dladm show-linkprop -p mtu nosuch0
2>dladm: link nosuch0 is not valid: object not found
=1
`);
});

test('refuses what cannot be created (§11.1)', async () => {
  await transcriptLinks();
  await silently('dladm create-etherstub -t tmpstub0');
  await transcript(`
$ dladm create-etherstub zstub0
2>dladm: etherstub creation failed: object already exists
=1
$ dladm create-etherstub zrtr0
2>dladm: etherstub creation failed: object already exists
=1
$ dladm create-etherstub z-stub0
2>dladm: invalid link name 'z-stub0'
=1
$ dladm create-etherstub abcdefghijabcdefghijabcdefghij01
2>dladm: link name too long 'abcdefghijabcdefghijabcdefghij01'
=1
$ dladm create-vnic -t -l zstub0 zrtr0
2>dladm: vnic creation over zstub0 failed: object already exists
=1
$ dladm create-vnic -l nosuch0 zrtr9
2>dladm: invalid link name 'nosuch0'
=1
$ dladm create-vnic -l zrtr0 zrtr9
2>dladm: vnic creation over zrtr0 failed: invalid argument
=1
$ dladm create-vnic -l tmpstub0 zrtr9
2>dladm: vnic creation over tmpstub0 failed: can't create persistent object on top of temporary object
=1
$ dladm create-vnic -t -l tmpstub0 zrtr9
=0
$ dladm create-vnic -l zstub0 -v 4095 zrtr8
2>dladm: invalid VLAN identifier '4095'
=1
$ dladm create-vnic -l zstub0 -m 2:8:20:4e:1f zrtr8
2>dladm: invalid MAC address
=1
$ dladm create-vnic -l zstub0 -m 02:08:20:4e:1f:a0 zrtr8
2>dladm: vnic creation over zstub0 failed: MAC address is already in use
=1
$ dladm create-vnic -l zstub0 -p mtu=1500,,maxbw=50M zrtr8
2>dladm: invalid vnic property
=1
`);
});

test('refuses what cannot be deleted or renamed (§11.1)', async () => {
  await transcriptLinks();
  await silently('dladm create-vnic -l zstub0 zrtr1');
  addZone('clienta');
  await silently('dladm set-linkprop -t -p zone=clienta zcli0');
  await transcript(`
$ dladm delete-etherstub zstub0
2>dladm: vnic deletion failed: link busy
=1
$ dladm delete-etherstub nosuch0
2>dladm: invalid link name 'nosuch0'
=1
$ dladm delete-etherstub zrtr0
2>dladm: 'zrtr0' is not an etherstub
=1
$ dladm delete-vnic zstub0
2>dladm: 'zstub0' is not a vnic
=1
$ dladm delete-vnic zcli0
2>dladm: vnic deletion failed: link busy
=1
$ dladm delete-vnic -t zcli0
2>dladm: vnic deletion failed: link busy
=1
$ dladm rename-link zrtr0 zrtr1
2>dladm: rename operation failed: object already exists
=1
$ dladm rename-link nosuch0 zrtr2
2>dladm: rename operation failed: object not found
=1
$ dladm rename-link zcli0 zcli1
2>dladm: rename operation failed: link busy
=1
$ dladm rename-link zrtr0 zrtr
2>dladm: rename operation failed: invalid argument
=1
$ dladm rename-link zrtr0 zrtr2
=0
$ dladm set-linkprop -t -p zone=global zcli0
=0
$ dladm delete-vnic zcli0
=0
$ dladm delete-vnic zcli0
2>dladm: invalid link name 'zcli0'
=1
`);
});

test('keeps a plumbed link, and one the switch makes busy', async () => {
  await transcriptLinks();
  lab.links.find(lab.global, 'zrtr0')?.holds.add('ip');
  lab.switches.set('link-busy:zcli0', '2');
  await transcript(`
$ dladm delete-vnic zrtr0
2>dladm: vnic deletion failed: link busy
=1
$ dladm set-linkprop -t -p mtu=1400 zrtr0
2>dladm: warning: cannot set link property 'mtu' on 'zrtr0': link busy
=1
$ dladm reset-linkprop -t -p mtu zrtr0
2>dladm: warning: cannot set link property 'mtu' on 'zrtr0': link busy
=1
$ dladm show-linkprop -c -o value -p mtu zrtr0
1500
=0
$ dladm delete-vnic zcli0
2>dladm: vnic deletion failed: link busy
=1
$ dladm delete-vnic zcli0
2>dladm: vnic deletion failed: link busy
=1
$ dladm delete-vnic zcli0
=0
`);
});

test('sets one property after the other and answers for the last (§11.1)', async () => {
  await transcriptLinks();
  await transcript(`
$ dladm set-linkprop -t -p mtu=99999 zcli0
2>dladm: warning: cannot set link property 'mtu' on 'zcli0': invalid argument
=1
$ dladm set-linkprop -p bogus=1,mtu=1500 zcli0
2>dladm: warning: invalid link property 'bogus'
=0
$ dladm set-linkprop -p mtu=1600,bogus=1 zcli0
2>dladm: warning: invalid link property 'bogus'
=1
$ dladm show-link -p -o mtu zcli0
1600
=0
$ dladm set-linkprop -t -p priority=urgent zcli0
2>dladm: warning: link property 'priority' must be one of: high,medium,low
=1
$ dladm set-linkprop -p zone=clienta zcli0
2>dladm: warning: cannot set link property 'zone' on 'zcli0': change cannot be persistent
=1
$ dladm set-linkprop -t -p maxbw=1M zcli0
2>dladm: warning: cannot set link property 'maxbw' on 'zcli0': minimum value for maxbw is 1200K
=1
$ dladm set-linkprop -t -p allowed-ips=10.0.0.1/24 zcli0
2>dladm: warning: cannot set link property 'allowed-ips' on 'zcli0': invalid IP address
=1
$ dladm set-linkprop -t -p mtu= zcli0
2>dladm: warning: no value specified for 'mtu'
=1
$ dladm set-linkprop -t -p mtu=1500 nosuch0
2>dladm: link nosuch0 is not valid: object not found
=1
$ dladm set-linkprop -t zcli0
2>dladm: link property must be specified
=1
$ dladm set-linkprop -t -p mtu=1500, zcli0
2>dladm: invalid link properties specified
=1
`);
});

test('ignores mtu when a VNIC is created, and applies what is a resource (§1.5)', async () => {
  await silently(
    'dladm create-etherstub stub0',
    'dladm create-vnic -l stub0 -p mtu=1500,maxbw=50M,allowed-ips=10.0.0.1,10.0.0.2,protection=mac-nospoof a0',
    'dladm create-vnic -t -l stub0 -p mtu=1500 b0',
  );
  await transcript(`
$ dladm show-linkprop -c -o link,property,value -p mtu,maxbw,allowed-ips,protection a0
a0:mtu:9000
a0:maxbw:   50
a0:allowed-ips:10.0.0.1/32,10.0.0.2/32
a0:protection:mac-nospoof
=0
$ dladm show-linkprop -P -c -o value -p mtu a0
1500
=0
$ dladm show-link -p -o mtu b0
9000
=0
`);
});

test('keeps the record when only the active link is deleted (§1.3)', async () => {
  await silently(
    'dladm create-etherstub stub0',
    'dladm create-vnic -l stub0 a0',
    'dladm create-vnic -t -l stub0 b0',
    'dladm delete-vnic -t a0',
    'dladm delete-vnic -t b0',
  );
  await transcript(
    `
$ dladm show-link -p -o link
e1000g0
stub0
=0
$ dladm show-link -P -p -o link,mtu,state
e1000g0::
stub0::
a0::
=0
$ dladm create-vnic -l stub0 a0
2>dladm: vnic creation over stub0 failed: object already exists
=1
$ dladm delete-vnic a0
=0
$ dladm delete-etherstub stub0
=0
`.replaceAll('e1000g0', 'net0'),
  );
});

test('keeps active and persistent values apart (§1.9)', async () => {
  await silently(
    'dladm create-etherstub stub0',
    'dladm create-vnic -l stub0 a0',
    'dladm set-linkprop -p mtu=1500 a0',
    'dladm set-linkprop -t -p mtu=1400 a0',
  );
  await transcript(`
$ dladm show-linkprop -c -o value -p mtu a0
1400
=0
$ dladm show-linkprop -P -c -o value -p mtu a0
1500
=0
$ dladm reset-linkprop -t -p mtu a0
=0
$ dladm show-linkprop -c -o value -p mtu a0
9000
=0
$ dladm reset-linkprop -p mtu a0
=0
$ dladm show-linkprop -P -c -o value -p mtu a0

=0
`);
});

test('lets the name of a lent link be taken (§1.8)', async () => {
  await transcriptLinks();
  addZone('clienta');
  await silently('dladm set-linkprop -t -p zone=clienta zcli0', 'dladm create-vnic -l zstub0 zcli0');
  await transcript(`
$ dladm show-linkprop -c -o link,value -p zone
net0:
zstub0:
zrtr0:
zcli0:clienta
zext0:
zcli0:
=0
`);
});

test('repeats the header of a long list (§0.3)', async () => {
  await silently('dladm create-etherstub stub0');
  for (let i = 0; i < 23; i++) await silently(`dladm create-vnic -l stub0 v${i}`);
  const { stdout } = await run(['dladm', 'show-vnic']);
  assert.is(stdout.split('\n').filter((line) => line.startsWith('LINK')).length, 1);
  await silently('dladm create-vnic -l stub0 v23');
  const longer = (await run(['dladm', 'show-vnic'])).stdout;
  assert.is(longer.split('\n').filter((line) => line.startsWith('LINK')).length, 2);
});

for (const argv of [
  ['dladm', 'create-aggr', '-l', 'net0', 'aggr0'],
  ['dladm', 'show-link', '-s'],
  ['dladm', 'frobnicate'],
  ['dladm', 'show-linkprop'],
  ['dladm', 'create-vnic', '-l', 'net0', '-p', 'cpus=1', 'v0'],
]) {
  test(`refuses ${argv.join(' ')}`, async () => {
    assert.is((await rejects(() => run(argv))).name, 'NotModelled');
  });
}

test.run();
