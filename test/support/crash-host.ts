// The commands of the first story, as scenarios for a crash sweep.
import * as assert from 'uvu/assert';
import type { Point } from '../lab/crash-sweep.ts';
import { type LabHandle, startLab } from '../lab/lab.ts';
import type { RunResult } from '../lab/programs.ts';
import { hostOf, PROXY, type StoryHost, type StoryScenario, stateOf } from './crash-state.ts';

interface HostCommand {
  /** What was done before: "back", "proxy". */
  readonly given: readonly string[];
  readonly command: string;
  /** Takes back what the command does, whatever there is of it. */
  readonly reset: (host: StoryHost, lab: LabHandle) => Promise<unknown>;
  /** What "the same command again" may say when everything was done before the kill. */
  readonly done: (again: RunResult) => boolean;
}

const exists = ({ stderr }: RunResult) => stderr.includes('there is one already');
const isGone = ({ status }: RunResult) => status === 4;

export async function ensure(host: StoryHost, record: string, command: string): Promise<void> {
  if (!(await host.has(`/etc/zonenet/${record}.ini`))) await host.must(command);
}

export async function remove(host: StoryHost, record: string, command: string): Promise<void> {
  if (await host.has(`/etc/zonenet/${record}.ini`)) await host.must(command);
}

/** Takes away by hand what sync has to bring back. */
const SPOIL = `dladm delete-vnic znic0; dladm delete-etherstub zstub0
rm -f /var/zonenet/zones/web1/metadata.ini; zonecfg -z web1 'remove fs dir=/etc/zonenet/host'`;

export const HOST_COMMANDS = {
  'create-network': {
    given: [],
    command: 'create-network -a 10.2.0.0/24 back',
    reset: (host) => remove(host, 'networks/back', 'delete-network back'),
    done: exists,
  },
  'create-zone of a proxy': {
    given: ['back'],
    command: `create-zone ${PROXY}`,
    reset: (host) => remove(host, 'zones/proxy', 'delete-zone proxy'),
    done: exists,
  },
  'create-zone of a member': {
    given: ['back', 'proxy'],
    command: 'create-zone -N back web1',
    reset: (host) => remove(host, 'zones/web1', 'delete-zone web1'),
    done: exists,
  },
  'create-zone of a member that is not booted': {
    given: ['back', 'proxy'],
    command: 'create-zone --no-boot -N back web1',
    reset: (host) => remove(host, 'zones/web1', 'delete-zone web1'),
    done: exists,
  },
  'delete-zone of a member': {
    given: ['back', 'proxy'],
    command: 'delete-zone web1',
    reset: (host) => ensure(host, 'zones/web1', 'create-zone -N back web1'),
    done: isGone,
  },
  'delete-zone of a proxy': {
    given: ['back'],
    command: 'delete-zone proxy',
    reset: (host) => ensure(host, 'zones/proxy', `create-zone ${PROXY}`),
    done: isGone,
  },
  'delete-network': {
    given: [],
    command: 'delete-network back',
    reset: (host) => ensure(host, 'networks/back', 'create-network -a 10.2.0.0/24 back'),
    done: isGone,
  },
  'attach-zone of the global zone': {
    given: ['address', 'back'],
    command: 'attach-zone -R back global',
    reset: (host) => remove(host, 'zones/global', 'detach-zone global'),
    done: ({ stderr }) => stderr.includes('it is on network "back" already'),
  },
  'detach-zone of the global zone': {
    given: ['address', 'back'],
    command: 'detach-zone global',
    reset: (host) => ensure(host, 'zones/global', 'attach-zone -R back global'),
    done: isGone,
  },
  'attach-zone of a running proxy': {
    given: ['back', 'proxy', 'create-network -a 10.3.0.0/24 more'],
    command: 'attach-zone -R more proxy',
    reset: async (host) => {
      await host.must('delete-zone proxy');
      await host.must(`create-zone ${PROXY}`);
    },
    done: ({ stderr }) => stderr.includes('it is on network "more" already'),
  },
  'set-network under running zones': {
    given: ['back', 'proxy', 'create-zone -N back web1'],
    command: 'set-network -a 10.9.0.0/24 back',
    reset: (host) => host.must('set-network -a 10.2.0.0/24 back'),
    done: () => false,
  },
  'set-zone of a running zone': {
    given: ['back', 'proxy', 'create-zone -N back web1'],
    command: 'set-zone -a znic1=10.2.0.77 web1',
    reset: (host) => host.must('set-zone -a znic1=10.2.0.2 web1'),
    done: () => false,
  },
  'delete-forward': {
    given: ['back', 'proxy', 'create-zone -N back web1'],
    command: 'delete-forward tcp/443',
    reset: async (host) => {
      if (!(await host.must('show-forward')).includes('tcp/443')) await host.must('add-forward tcp/443 web1:8443');
    },
    done: isGone,
  },
  sync: {
    given: ['back', 'web1'],
    command: 'sync',
    reset: (_, lab) => lab.run(SPOIL),
    done: () => false,
  },
} satisfies Record<string, HostCommand>;

export type HostCommandName = keyof typeof HOST_COMMANDS;

/** How a killed command is finished: by itself, or by sync, which may also end at nothing. */
export type Finish = 'again' | 'sync';

/** A host that has an address of its own, and a file of its packet filter without rules. */
const OWN_ADDRESS = [
  'ipadm create-if e1000g0',
  'ipadm create-addr -T static -a 203.0.113.9/24 e1000g0/v4',
  'echo "# no rules" >/etc/ipf/ipf.conf',
];

const GIVEN: Readonly<Record<string, string>> = {
  back: 'create-network -a 10.2.0.0/24 back',
  proxy: `create-zone ${PROXY}`,
  web1: 'create-zone --no-boot -N back web1',
};

/** A command of znetadm in a lab of its own. */
export async function hostScenario(name: HostCommandName, finishBy: (point: Point) => Finish): Promise<StoryScenario> {
  const { given, command, reset, done }: HostCommand = HOST_COMMANDS[name];
  const lab = await startLab();
  const host = hostOf(lab);
  for (const one of given) {
    if (one === 'address') for (const line of OWN_ADDRESS) await lab.mustRun(line);
    else await host.must(GIVEN[one] ?? one);
  }
  await reset(host, lab);
  const before = await stateOf(lab, host.quiet);
  let finishedBy: Finish = 'again';
  return {
    lab,
    begin: async () => {
      await reset(host, lab);
      await host.quiet();
    },
    run: (words) => host.znetadm(command, words),
    async finish(point, result) {
      // A refresh of a zone may fail while the zone boots: znetadm goes on, and sync would see it.
      const wentOn = point.how.startsWith('fail') && result.status === 0;
      finishedBy = wentOn ? 'sync' : finishBy(point);
      if (point.how.startsWith('fail') && !wentOn) {
        for (const wanted of [point.what, 'exit status 1', 'lab: disturbed'])
          assert.ok(result.stderr.includes(wanted), `says nothing of "${wanted}": ${result.stderr}`);
      }
      if (finishedBy === 'again') {
        const again = await host.znetadm(command);
        assert.ok(again.status === 0 || done(again), `again: ${again.signal ?? again.status}: ${again.stderr}`);
      } else await host.must('sync');
      await host.quiet();
      assert.is(await host.must('sync -n'), 'Nothing was changed.\n');
    },
    look: () => stateOf(lab, host.quiet),
    otherwise: () => (finishedBy === 'sync' && name !== 'sync' ? before : undefined),
  };
}
