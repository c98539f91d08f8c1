// The lab stands on Linux and does not tell: no word of it in what its programs say, whatever the product and a curious operator ask.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const test = suite<{ story: StoryLab }>('nothing of Linux');

/** Programs, devices and errors that illumos does not have. Devices of the switches are called b1, p1 and l1. */
const LINUX = [
  /\b(linux|veth|nftables|nft|iptables|netns|namespaces?|rtnetlink|netlink|conntrack|sysctl|iproute2?|busybox|dash|glibc|dadfailed|altname)\b/i,
  /\beth\d|\bwlan\d|\bdocker\d|(?<![\w:.-])[bpl]\d+\b/,
  /\/proc\/|\/sys\/|\/run\/|\/dev\/net|\/usr\/lib\/lab|\/tmp\/znlab/,
  // Linux's own texts of errno where illumos has another. ipadm has this one too, with an addition (§2.1).
  /Operation not permitted(?! on from-gz interface)|Transport endpoint|Cannot assign requested address|Numerical result|File exists\n?$/,
  /\bscope (global|link|host)\b|\bproto (static|kernel)\b|\bqdisc\b|\bmetric \d|\bnexthop\b/,
  // Node's: the lab is written in it.
  /\bundefined\b|\[object |\bNaN\b|\bENOENT\b|\bEACCES\b|\.ts:\d|\bnode:/,
  /lab: (broken|not modelled)/,
];

/** What illumos says all the same: ipnat's errno of a rule that is there (§11.9). */
const ILLUMOS = [/ioctl\(add\/insert (nat )?rule\): File exists/g];

const IN_GLOBAL = [
  'dladm',
  'dladm show-phys',
  'dladm show-phys -m',
  'dladm show-vnic',
  'dladm show-etherstub',
  'dladm show-linkprop -p mtu,zone,protection,allowed-ips,maxbw,priority',
  'dladm show-link nosuch0',
  'dladm delete-vnic znic0',
  'dladm delete-etherstub zstub0',
  'dladm rename-link zstub0 zstub9',
  'dladm create-vnic -l zstub0 znic0',
  'dladm create-vnic -l e1000g0 -m 2:8:20 x0',
  'ipadm',
  'ipadm show-if',
  'ipadm show-addr',
  'ipadm create-if znic1',
  'ipadm create-if nosuch0',
  'netstat -rn',
  'zoneadm list -cv',
  'zoneadm list -cp',
  'zoneadm -z web1 boot',
  'zoneadm -z web1 install',
  'zoneadm -z nosuch boot',
  'zonecfg -z web1 info',
  'zonecfg -z web1 export',
  'zonecfg -z web1 delete -F',
  "zonecfg -z web1 'add net; set physical=; end'",
  'zlogin web1 zonename',
  'zlogin nosuch true',
  'svcs -a',
  'svcs -xv',
  'svcs -Z',
  'svcs -z web1 -l network/zonenet',
  'svcprop -z web1 network/zonenet:default',
  'svccfg -z web1 -s network/zonenet listprop',
  'svccfg -z web1 export network/zonenet',
  'svcadm -z web1 clear network/zonenet',
];

const IN_ZONES = [
  'dladm',
  'dladm show-linkprop -p mtu,zone,protection',
  'ipadm show-if',
  'ipadm show-addr',
  'ipadm show-ifprop -p forwarding',
  'ipadm show-prop -p forwarding ipv4',
  'ipadm create-addr -t -T static -a 10.2.0.2/24 znic0/again',
  'ipadm create-addr -t -T static -a 10.2.0.77/24 znic77/v4',
  'ipadm delete-addr znic77/v4',
  'ipadm set-ifprop -t -p mtu=99999 -m ipv4 znic0',
  'netstat -rn',
  'route -n get 10.2.0.9',
  'route -n get default',
  'route -n add default 10.9.9.9',
  'route -n delete 10.77.0.0/16 10.2.0.1',
  'route -p show',
  'routeadm -p',
  'svcs -a',
  'svcs -xv',
  'ipf -E',
  'ipfstat -hion',
  'ipfstat -6hion',
  'ipf -f /nosuch',
  "echo 'pass in frob' | ipf -f -",
  "echo 'pass in all' | ipf -f -",
  "echo 'pass in all' | ipf -f -",
  "echo 'map znic1 10.0.0.0/8 -> 0/32' | ipnat -f -",
  "echo 'map znic1 10.0.0.0/8 -> 0/32' | ipnat -f -",
  'ipnat -l',
  'ipnat -s',
  'ipnat -f /nosuch',
  'zonename',
];

test.before(async (context) => {
  context.story = await startStoryLab('proxy', 'web1');
});

test.after(async ({ story }) => {
  await story.stop();
});

test('in no output of any program, those that the product and its services ran included', async ({ story }) => {
  const script = (lines: readonly string[]) => `${lines.map((line) => `${line} < /dev/null`).join('\n')}\ntrue`;
  await story.run(script(IN_GLOBAL));
  for (const zone of ['proxy', 'web1']) await story.run(IN_ZONES.join('\n'), { zone });
  const calls = await story.calls(0, { internal: true });
  const asked = new Set(calls.map(({ argv }) => argv[0]));
  for (const program of [
    'dladm',
    'ipadm',
    'ipf',
    'ipfstat',
    'ipnat',
    'netstat',
    'route',
    'routeadm',
    'svcs',
    'zoneadm',
    'zonecfg',
  ]) {
    assert.ok(asked.has(program), `${program} was not asked`);
  }
  const leaks = calls.flatMap(({ zone, argv, stdout, stderr }) => {
    const text = ILLUMOS.reduce((rest, known) => rest.replace(known, ''), `${stdout}${stderr}`);
    const found = LINUX.flatMap((pattern) => pattern.exec(text)?.[0] ?? []);
    return found.map((word) => `"${word}" in ${zone}: ${argv.join(' ')}\n${text}`);
  });
  assert.equal(leaks, []);
});

test('in no log of a service', async ({ story }) => {
  for (const zone of ['global', 'proxy', 'web1']) {
    const text = await story.mustRun('cat /var/svc/log/*.log', { zone });
    for (const pattern of LINUX) assert.not.match(text, pattern, `${zone}: ${pattern.exec(text)?.[0]}`);
  }
});

test.run();
