// Mixes of faults that a seed fixes, several in one run, against znetadm and the boot method at once. Every run goes over a
// few seeds, always the same ones; RANDOM_FAULTS="1-200" goes over others.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type HostCommandName, hostScenario } from '../support/crash-host.ts';
import { differences, type StoryScenario } from '../support/crash-state.ts';

const [first = 1, last = 6] = (process.env['RANDOM_FAULTS'] ?? '1-4').split('-').map(Number);
const SEEDS = Array.from({ length: last - first + 1 }, (_, index) => first + index);
const PROGRAMS = ['dladm', 'zonecfg', 'zoneadm', 'zlogin', 'svcadm', 'svcs', 'ipadm', 'route', 'netstat'];
const COMMANDS = ['create-zone of a member', 'delete-zone of a member'] satisfies HostCommandName[];

const test = suite('random faults');

for (const command of COMMANDS) {
  test(`${command}, under several faults at once and finished without them, ends as undisturbed`, async () => {
    const scenario: StoryScenario = await hostScenario(command, () => 'sync');
    try {
      await scenario.begin();
      const undisturbed = await scenario.run([]);
      assert.is(undisturbed.status, 0, undisturbed.stderr);
      const wanted = await scenario.look();
      for (const seed of SEEDS) {
        await scenario.begin();
        const faults = await scenario.lab.randomFaults(PROGRAMS, 4, seed);
        const disturbed = await scenario.run([]);
        await scenario.lab.clearFaults();
        const told = JSON.stringify(faults);
        if (disturbed.status !== 0 && disturbed.signal === null) {
          assert.match(disturbed.stderr, 'znetadm: ', `fails without a word: seed ${seed}: ${told}`);
        }
        // Where undoing was cut off too, the command says so and sync ends at nothing; else sync mends what a method in a
        // zone could not do meanwhile. The command after that is as good as the first.
        await scenario.run([]);
        await scenario.finish({ how: 'kill-after', nth: seed, what: told }, disturbed);
        const again = await scenario.run([]);
        assert.equal(
          differences(await scenario.look(), wanted),
          [],
          `seed ${seed}: ${told}\n${disturbed.stderr}\nagain: ${again.stderr}`,
        );
      }
    } finally {
      await scenario.lab.stop();
    }
  });
}

test.run();
