import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab.ts';

interface Context {
  lab: LabHandle;
}

const test = suite<Context>('ipnat');

const FILES = {
  'ipnat.conf': `map ext0 10.20.1.0/24 -> 0/32 portmap tcp/udp 20000:31999
map ext0 10.20.1.0/24 -> 0/32 icmpidmap icmp 20000:31999
map ext0 10.20.1.0/24 -> 0/32
rdr ext0 203.0.113.5/32 port 443 -> 10.20.1.5 port 8443 tcp
`,
  'bad.conf': 'map ext0 10.20.1.0/24 -> 0/32\nmap ext0 -> 0/32\n',
  'twice.conf': 'map ext0 10.20.1.0/24 -> 0/32\nmap ext0 10.20.1.0/24 -> 0/32\n# end\n',
  'invalid.conf': 'map ext0 10.20.1.0/24 -> 0/32 portmap tcp/udp 9:1 ;\nmap ext0 10.0.0.0/8 -> 0/32 ;\n',
  'smtp.conf': 'map ext0 from 10.20.1.0/24 to any port = 25 -> 0/32 tcp\n',
  'proxy.conf': 'map ext0 10.20.1.0/24 -> 0/32 proxy port 21 ftp/tcp\n',
};

const LISTED = `List of active MAP/Redirect filters:
map ext0 10.20.1.0/24 -> 0.0.0.0/32 portmap tcp/udp 20000:31999
map ext0 10.20.1.0/24 -> 0.0.0.0/32 icmpidmap icmp 20000:31999
map ext0 10.20.1.0/24 -> 0.0.0.0/32
rdr ext0 203.0.113.5/32 port 443 -> 10.20.1.5 port 8443 tcp

List of active sessions:
`;

test.before(async (context) => {
  context.lab = await startLab();
  for (const [name, text] of Object.entries(FILES)) await context.lab.writeFile('global', `/root/${name}`, text);
});

test.before.each(async ({ lab }) => {
  await lab.run(['ipf', '-E']);
  await lab.mustRun(['ipnat', '-CF']);
});

test.after(async ({ lab }) => {
  await lab.stop();
});

/** Transcripts of §11.9: words, streams, status. */
for (const [name, command, want] of [
  ['flushes nothing', '-CF', { stdout: '0 entries flushed from NAT table\n0 entries flushed from NAT list\n' }],
  ['loads in silence', '-f ipnat.conf', {}],
  [
    'names the token and the line of a syntax error',
    '-n -f bad.conf',
    { status: 1, stderr: 'syntax error error at "->", line 2\n' },
  ],
  ['knows its usage', '-x', { status: 1, stderr: 'Usage: ipnat [-CdFhlnrRsv] [-f filename] [-G|-z zonename]\n' }],
  ['knows which zones run', '-z nosuch -l', { status: 1, stderr: 'Could not find running zone: nosuch\n' }],
  [
    'exits 0 without its file',
    '-f missing.conf',
    { stderr: 'fopen(missing.conf) failed: No such file or directory\n' },
  ],
  [
    'refuses a rule that is there already, and exits 0',
    '-f twice.conf',
    { stderr: '3:ioctl(add/insert nat rule): File exists\n' },
  ],
  [
    'refuses ports written backwards',
    '-f invalid.conf',
    { stderr: '1:ioctl(add/insert nat rule): Invalid argument\n' },
  ],
  [
    'prints rules with names of ports',
    '-n -v -f smtp.conf',
    { stdout: 'map ext0 from 10.20.1.0/24 to any port = smtp -> 0.0.0.0/32 tcp\n' },
  ],
  [
    'prints rules with numbers only',
    '-n -R -v -f smtp.conf',
    { stdout: 'map ext0 from 10.20.1.0/24 to any port = 25 -> 0.0.0.0/32 tcp\n' },
  ],
  [
    'says of what it cannot remove that it is not there',
    '-r -f smtp.conf',
    { stderr: '1:ioctl(delete nat rule): No such process\n' },
  ],
  [
    'flushes, loads and lists in that order',
    '-l -f ipnat.conf -C',
    { stdout: `0 entries flushed from NAT list\n${LISTED}` },
  ],
] as const) {
  test(name, async ({ lab }) => {
    const result = await lab.run(['ipnat', ...command.split(' ')]);
    assert.equal(result, { status: 0, signal: null, stdout: '', stderr: '', ...want });
  });
}

test('does nothing while ipfilter is not enabled', async ({ lab }) => {
  await lab.mustRun(['ipf', '-D']);
  for (const words of ['-f ipnat.conf', '-l', '-CF']) {
    const early = await lab.run(['ipnat', ...words.split(' ')]);
    assert.equal(early, { status: 1, signal: null, stdout: '', stderr: 'ioctl(SIOCGNATS): I/O error\n' });
  }
});

test('keeps the rules before a syntax error', async ({ lab }) => {
  assert.is((await lab.run(['ipnat', '-f', 'bad.conf'])).status, 1);
  assert.match(await lab.mustRun(['ipnat', '-l']), '\nmap ext0 10.20.1.0/24 -> 0.0.0.0/32\n');
});

test('adds to what is there, and removes rule by rule', async ({ lab }) => {
  await lab.mustRun(['ipnat', '-f', 'smtp.conf']);
  await lab.mustRun(['ipnat', '-f', 'ipnat.conf']);
  await lab.mustRun(['ipnat', '-r', '-f', 'smtp.conf']);
  assert.is(await lab.mustRun(['ipnat', '-l']), LISTED);
});

test('reads rules from its standard input', async ({ lab }) => {
  await lab.mustRun(['ipnat', '-f', '-'], { stdin: FILES['ipnat.conf'] });
  assert.is(await lab.mustRun(['ipnat', '-l']), LISTED);
});

test('follows interfaces that come and addresses that change', async ({ lab }) => {
  const targets = async () => {
    const table = await lab.mustRun(['nft', 'list', 'table', 'ip', 'ipnat'], { netns: 'z0' });
    return [...table.matchAll(/oifname .*/g)].map(([line]) => line);
  };
  await lab.mustRun(['ipnat', '-f', '-'], { stdin: 'map e1000g0 10.20.1.0/24 -> 0/32\n' });
  assert.equal(await targets(), []);
  await lab.mustRun('ipadm create-if e1000g0');
  assert.equal(await targets(), ['oifname "e1000g0" ip saddr 10.20.1.0/24 drop']);
  for (const address of ['203.0.113.5', '203.0.113.6']) {
    await lab.mustRun(`ipadm create-addr -T static -a ${address}/24 e1000g0/v4`);
    assert.equal(await targets(), [`oifname "e1000g0" ip saddr 10.20.1.0/24 snat to ${address}`]);
    await lab.mustRun('ipadm delete-addr e1000g0/v4');
  }
  await lab.mustRun('ipadm delete-if e1000g0');
});

test('refuses by name what the lab does not model, and changes nothing', async ({ lab }) => {
  await lab.mustRun(['ipnat', '-f', 'ipnat.conf']);
  for (const [args, reason] of [
    [['-f', 'proxy.conf'], 'proxy in the NAT rule "map ext0 10.20.1.0/24 -> 0.0.0.0/32 proxy port ftp ftp/tcp"'],
    [['-d'], 'ipnat -d'],
    [['-h', '-l'], 'ipnat -h'],
  ] as const) {
    const { status, stderr } = await lab.run(['ipnat', ...args]);
    assert.is(status, 125);
    assert.match(stderr, reason);
  }
  assert.is((await lab.takeNotModelled()).length, 3);
  assert.is(await lab.mustRun(['ipnat', '-l']), LISTED);
});

test.run();
