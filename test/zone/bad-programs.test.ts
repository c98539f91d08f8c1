// Programs that fail where their status could be taken for an answer.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import type { CommandResult } from '../../src/illumos/command.ts';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { metadataFor } from '../../src/plan/zone-paths.ts';
import type { System } from '../../src/system/system.ts';
import { setUp } from '../../src/zone/set-up.ts';
import { createFakeZone, type FakeZone } from '../support/fake-zone.ts';
import { memberMetadata, proxyMetadata } from '../support/metadata.ts';

const METADATA = metadataFor('proxy');

const test = suite('programs that fail');

test('an svcs that fails is named, and not taken for a zone without ipfilter', async () => {
  for (const stderr of ['', 'svcs: Could not bind to repository server: repository server unavailable\n']) {
    const zone = createFakeZone();
    zone.files.set(METADATA, formatMetadata(proxyMetadata()));
    zone.answers.set('/usr/bin/svcs', { status: 1, timedOut: false, stdout: '', stderr });
    assert.is(await setUp({ zone: 'proxy', occasion: 'start', now: 1_800_000_000, system: zone.system }), 1);
    assert.match(zone.log.join('\n'), '/usr/bin/svcs -H -o state,fmri');
    assert.not.match(zone.log.join('\n'), 'this zone has no');
    assert.is(zone.kernel.forwarding, false);
  }
});

/** What a program may do in place of its work. */
const BAD: Readonly<Record<string, CommandResult>> = {
  hangs: { timedOut: true, signal: 'SIGKILL', stdout: '', stderr: '' },
  fails: { status: 1, timedOut: false, stdout: '', stderr: 'it is broken\n' },
  'ends well, and has done and said nothing': { status: 0, timedOut: false, stdout: '', stderr: '' },
  'ends well with a complaint': { status: 0, timedOut: false, stdout: '', stderr: 'it is broken\n' },
  'answers what nobody asked': { status: 0, timedOut: false, stdout: 'Segmentation: fault:\n%s\n', stderr: '' },
};

const ZONES = { 'a proxy': proxyMetadata, 'a member': memberMetadata };

/** A zone with its metadata, and what SMF starts once the method has ended. */
async function boot(metadata: ZoneMetadata, bad?: readonly [start: string, result: CommandResult]) {
  const zone = createFakeZone();
  zone.files.set(METADATA, formatMetadata(metadata));
  if (bad !== undefined) zone.answers.set(...bad);
  const run = (occasion: 'start' | 'refresh') =>
    setUp({ zone: metadata.zone, occasion, now: 1_800_000_000, system: zone.system });
  return { zone, run, status: await run('start') };
}

const stateOf = ({ files, addresses, routes, kernel }: FakeZone) => ({
  files: [...files].filter(([path]) => path.startsWith('/etc/')).sort(),
  addresses: addresses.map(({ object, addr, state }) => `${object} ${addr} ${state}`).sort(),
  routes: routes.map(({ to, router }) => `${to} ${router}`),
  rules: [kernel.active, kernel.nat],
});

for (const [name, metadataOf] of Object.entries(ZONES)) {
  // Every command that a good boot runs, as far as its options tell it from others.
  const metadata = metadataOf();
  const recorded: string[] = [];

  test(`${name}: what a good boot runs`, async () => {
    const zone = createFakeZone();
    zone.files.set(METADATA, formatMetadata(metadata));
    const system: System = {
      ...zone.system,
      run: async (command) => {
        recorded.push([command.program, ...command.args.slice(0, 3)].join(' '));
        return await zone.system.run(command);
      },
    };
    assert.is(await setUp({ zone: metadata.zone, occasion: 'start', now: 1_800_000_000, system }), 0);
    assert.ok(recorded.length > 5);
  });

  for (const [what, result] of Object.entries(BAD)) {
    test(`${name}: each of its programs ${what}: told, nothing forwarded, and the next run ends right`, async () => {
      const good = await boot(metadata);
      assert.is(good.status, 0);
      good.zone.startIpfilter();
      const wanted = stateOf(good.zone);
      for (const start of new Set(recorded)) {
        const { zone, run, status } = await boot(metadata, [start, result]);
        const where = `${start} ${what}: status ${status}\n${zone.log.join('\n')}`;
        assert.ok([0, 1, 95, 96, 97].includes(status), where);
        assert.is(zone.kernel.forwarding, false, where);
        zone.startIpfilter();
        const isRight = JSON.stringify(stateOf(zone)) === JSON.stringify(wanted);
        // What is not right is said: the program, or what is missing or left to do, with what to type.
        const log = zone.log.join('\n');
        if (!isRight) {
          assert.is.not(status, 0, where);
          const program = (start.split(' ')[0] ?? '').replace(/.*\//, '');
          assert.ok(
            [program, 'is left to do', 'is missing'].some((words) => log.includes(words)),
            where,
          );
          assert.match(log, /svcadm (clear|refresh)|On the host: /, where);
        }
        zone.answers.clear();
        assert.is(await run('start'), 0, where);
        zone.startIpfilter();
        assert.equal(stateOf(zone), wanted, where);
      }
    });
  }
}

test.run();
