// The boot method of the first story's zones, as scenarios for a crash sweep.
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab/lab.ts';
import type { RunResult } from '../lab/programs.ts';
import { ensure, remove } from './crash-host.ts';
import { ENVIRONMENT, hostOf, PROXY, SERVICES, type StoryHost, type StoryScenario, stateOf } from './crash-state.ts';

const METHOD = '/opt/zonenet/method/zonenet';

/** When the method runs: at the first boot of its zone, or on a refresh that moves the hidden network. */
export type Occasion = 'boot' | 'refresh';

/** The method of a zone as svc.startd runs it, which also tries it again. */
export async function methodScenario(zone: 'proxy' | 'web1', occasion: Occasion): Promise<StoryScenario> {
  const lab = await startLab();
  const host = hostOf(lab);
  await host.must('create-network -a 10.2.0.0/24 back');
  return {
    lab,
    zone,
    begin: () => beforeMethod(lab, host, zone, occasion),
    run: async () => {
      const start = occasion === 'boot' ? ['/usr/sbin/zoneadm', '-z', zone, 'boot'] : refresh(zone);
      const lengths = await lengthsOf(lab, zone);
      await lab.mustRun(start);
      return await ending(lab, host, zone, lengths);
    },
    async finish(point, { status, stderr }) {
      // A method that startd has tried again with success has told of its failure in the log too, but is done.
      if (point.how.startsWith('fail') && status !== 0) {
        for (const wanted of [point.what, 'lab: disturbed'])
          assert.ok(stderr.includes(wanted), `the log says nothing of "${wanted}": ${stderr}`);
      }
      await mend(lab, host, zone);
    },
    look: () => stateOf(lab, host.quiet),
    otherwise: () => undefined,
  };
}

/** The method started by hand in a zone that has booted without it, to be stopped between its changes of files. */
export async function methodByHand(zone: 'proxy' | 'web1'): Promise<StoryScenario> {
  const lab = await startLab();
  const host = hostOf(lab);
  // The metadata move the zone behind the host's back, whose protection would refuse a member its new address.
  await host.must('create-network --no-protection -a 10.2.0.0/24 back');
  return {
    lab,
    zone,
    begin: () => beforeMethod(lab, host, zone, 'refresh'),
    run: (words) => lab.run([...words, METHOD, 'refresh'], { zone, env: { ...ENVIRONMENT, SMF_ZONENAME: zone } }),
    finish: async () => {
      await lab.mustRun(refresh(zone));
      await mend(lab, host, zone);
    },
    look: () => stateOf(lab, host.quiet),
    otherwise: () => undefined,
  };
}

const refresh = (zone: string) => ['/usr/sbin/svcadm', '-z', zone, 'refresh', 'svc:/network/zonenet:default'];

async function beforeMethod(
  lab: LabHandle,
  host: StoryHost,
  zone: 'proxy' | 'web1',
  occasion: Occasion,
): Promise<void> {
  const words = zone === 'proxy' ? PROXY : '-N back web1';
  if (occasion === 'boot') {
    await remove(host, `zones/${zone}`, `delete-zone ${zone}`);
    await host.must(`create-zone --no-boot ${words}`);
    return;
  }
  await ensure(host, `zones/${zone}`, `create-zone ${words}`);
  const path = `/var/zonenet/zones/${zone}/metadata.ini`;
  const publish = async (edit: (text: string) => string) => {
    await lab.writeFile('global', `${path}.new`, edit(await lab.readFile('global', path)));
    await lab.mustRun(['/bin/mv', `${path}.new`, path]);
  };
  const next = (text: string) =>
    text.replace(/^generation = (\d+)$/m, (_, number) => `generation = ${Number(number) + 1}`);
  await publish((text) => next(text.replaceAll('10.3.0.', '10.2.0.')));
  await lab.mustRun(refresh(zone));
  await host.quiet();
  await publish((text) => next(text.replaceAll('10.2.0.', '10.3.0.')));
}

const logs = (zone: string) =>
  SERVICES.map((fmri) => `/zones/${zone}/root/var/svc/log/${fmri.slice(5).replace('/', '-')}.log`);

/** How a method that startd ran has ended, in the words of a program: its stderr is what the logs tell since they were of that length. */
async function ending(lab: LabHandle, host: StoryHost, zone: string, lengths: readonly number[]): Promise<RunResult> {
  await lab.settled(zone);
  if (await host.isApplied(zone)) return { status: 0, signal: null, stdout: '', stderr: '' };
  const said = await Promise.all(
    logs(zone).map((path, index) => lab.run(`tail -c +${(lengths[index] ?? 0) + 1} ${path}`)),
  );
  return { status: 1, signal: null, stdout: '', stderr: said.map(({ stdout }) => stdout).join('') };
}

const lengthsOf = (lab: LabHandle, zone: string) =>
  Promise.all(logs(zone).map(async (path) => Number((await lab.run(`stat -c %s ${path} || echo 0`)).stdout)));

/** What the logs tell the operator to type. */
async function mend(lab: LabHandle, host: StoryHost, zone: string): Promise<void> {
  await lab.settled(zone);
  const found = await host.states(zone);
  const stuck = SERVICES.filter((_, index) => found[index] === 'maintenance');
  for (const service of stuck) await lab.mustRun(['/usr/sbin/svcadm', '-z', zone, 'clear', service]);
  await lab.settled(zone);
  if (!(await host.isApplied(zone))) await lab.mustRun(refresh(zone));
  await host.quiet();
}
