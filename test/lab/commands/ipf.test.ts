import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab.ts';
import { follow } from '../support/transcript.ts';

const test = suite<{ lab: LabHandle }>('ipf');

const RULES = `block in all
pass in quick on lo0 all
pass out quick on ext0 proto tcp from any to any flags S keep state
block in quick on int0 from ! 10.20.1.0/24 to any
`;

test.before(async (context) => {
  context.lab = await startLab();
});

test.before.each(async ({ lab }) => {
  await lab.run(['ipf', '-D']);
  await lab.run(`mkdir -p /tmp/rules; cat > /tmp/rules/rules.conf`, { stdin: RULES });
  await lab.run('printf "block in all\\npass out all\\npass frmo any\\n" > /tmp/rules/bad.conf');
});

test.after(async ({ lab }) => {
  await lab.stop();
});

const runIn = (lab: LabHandle) => async (argv: readonly string[]) => {
  const { status, stdout, stderr } = await lab.run(argv, { cwd: '/tmp/rules' });
  return { status: status ?? -1, stdout, stderr };
};

test('answers as illumos.md §11.9 shows', async ({ lab }) => {
  await follow(
    `
$ ipf
2>usage: ipf [-6AdDEGInoPrRsvVyzZ] [-l block|pass|nomatch|state|nat] [-cc] [-F i|o|a|s|S|u] [-f filename] [-T <tuneopts>] [zonename]
=1
$ ipf -E
=0
$ ipf -E
2>IP FIlter: already initialized
=0
$ ipf -IFa
=0
$ ipf -If rules.conf
=0
$ ipf -s
Set 0 now inactive
=0
$ ipf -y
filter sync'd
=0
$ ipf -f missing.conf
2>fopen(missing.conf) failed: No such file or directory
=0
$ ipf -n -f bad.conf
2>syntax error error at "frmo", line 3
=1
$ ipf -n -v -f rules.conf
block in all
pass in quick on lo0 all
pass out quick on ext0 proto tcp from any to any flags S/FSRPAU keep state
block in quick on int0 from !10.20.1.0/24 to any
=0
$ ipfstat -io
pass out quick on ext0 proto tcp from any to any flags S/FSRPAU keep state
block in all
pass in quick on lo0 all
block in quick on int0 from !10.20.1.0/24 to any
=0
$ ipfstat -ion
@1 pass out quick on ext0 proto tcp from any to any flags S/FSRPAU keep state
@1 block in all
@2 pass in quick on lo0 all
@3 block in quick on int0 from !10.20.1.0/24 to any
=0
$ ipf -Fa
=0
$ ipfstat -io
2>empty list for ipfilter(out)
2>empty list for ipfilter(in)
=0
`,
    runIn(lab),
  );
});

test('appends, and tells of what is there already', async ({ lab }) => {
  await lab.run(['ipf', '-E']);
  await lab.run(['ipf', '-f', '-'], { stdin: 'pass in quick on lo0 all\n' });
  const { status, stderr } = await lab.run(['ipf', '-f', '/tmp/rules/rules.conf']);
  assert.equal([status, stderr], [0, '3:ioctl(add/insert rule): File exists\n']);
});

test('keeps the rules before a syntax error, and exits 1', async ({ lab }) => {
  await lab.run(['ipf', '-E']);
  assert.is((await lab.run(['ipf', '-f', '/tmp/rules/bad.conf'])).status, 1);
  assert.is((await lab.run(['ipfstat', '-io'])).stdout, 'pass out all\nblock in all\n');
});

test('acts on options in their order: -n behind -f comes too late', async ({ lab }) => {
  await lab.run(['ipf', '-E']);
  await lab.run(['ipf', '-f', '/tmp/rules/rules.conf', '-n']);
  assert.match((await lab.run(['ipfstat', '-i'])).stdout, /^block in all\n/);
});

test('removes the rules of a file with -r', async ({ lab }) => {
  await lab.run(['ipf', '-E', '-f', '/tmp/rules/rules.conf']);
  const { status, stderr } = await lab.run(['ipf', '-r', '-f', '-'], { stdin: 'block in all\nblock in quick all\n' });
  assert.equal([status, stderr], [0, '']);
  assert.not.match((await lab.run(['ipfstat', '-i'])).stdout, /^block in all$/m);
});

test('keeps the families apart', async ({ lab }) => {
  await lab.run(['ipf', '-E', '-6', '-f', '-'], { stdin: 'block in from fd00:1::/64 to any\n' });
  assert.is((await lab.run(['ipfstat', '-i'])).stderr, 'empty list for ipfilter(in)\n');
  assert.is((await lab.run(['ipfstat', '-6i'])).stdout, 'block in from fd00:1::/64 to ::/0\n');
});

test('forgets rules and NAT with -D', async ({ lab }) => {
  await lab.run(['ipf', '-E', '-f', '/tmp/rules/rules.conf']);
  await lab.run(['ipf', '-D']);
  assert.is((await lab.run(['ipf', '-E'])).stderr, '');
  assert.is((await lab.run(['ipfstat', '-io'])).stdout, '');
});

test.run();
