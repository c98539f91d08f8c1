// Zones of the story in a lab, made by the product itself, and what tests ask of their boot method.
import { type LabHandle, startLab } from '../lab/lab.ts';

export const ZONENET = 'svc:/network/zonenet:default';
const LOG = '/var/svc/log/network-zonenet:default.log';

export type StoryLab = Awaited<ReturnType<typeof startStoryLab>>;

/** A lab with the network "back" of the story and those of its zones, in that order: "proxy", "web1" … */
export async function startStoryLab(...zones: readonly string[]) {
  return await startStoryLabWith('', ...zones);
}

/** The story in both families: network back, its proxy with addresses of both outside, and zones behind it. */
export async function startDualStory(...zones: readonly string[]) {
  const story = await startStoryLabWith('-6 fd00:1::/64');
  await story.znetadm(
    'create-zone -R back -x e1000g0=203.0.113.5/24,2001:db8::5/64 -r 203.0.113.1 -r 2001:db8::1 proxy',
  );
  for (const zone of zones) await story.znetadm(`create-zone -N back ${zone}`);
  return story;
}

/** The same with more words for the network, "-6 fd00:1::/64". */
export async function startStoryLabWith(network: string, ...zones: readonly string[]) {
  const lab = await startLab();
  const znetadm = (words: string) => lab.mustRun(`/opt/zonenet/bin/znetadm ${words}`);
  try {
    await znetadm(`create-network -a 10.2.0.0/24 ${network} back`);
    for (const zone of zones) {
      const how = zone === 'proxy' ? '-R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1' : '-N back';
      await znetadm(`create-zone ${how} ${zone}`);
    }
  } catch (error) {
    await lab.stop();
    throw error;
  }

  /** Waits until a command in the global zone prints a line that has the text. */
  async function until(command: string, wanted: string, seconds = 60): Promise<void> {
    const end = performance.now() + seconds * 1000;
    let last = '';
    while (performance.now() < end) {
      const { stdout, stderr } = await lab.run(command);
      last = stdout + stderr;
      if (last.includes(wanted)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no "${wanted}" within ${seconds} s from ${command}; last:\n${last}`);
  }

  const log = (zone: string) => lab.readFile(zone, LOG);

  return {
    ...lab,
    lab: lab as LabHandle,
    znetadm,
    until,
    log,
    /** What the method writes to the log while `act` runs and it ends. */
    async logOf(zone: string, act: () => Promise<unknown>): Promise<string> {
      const before = (await log(zone)).length;
      await act();
      await until(`tail -c +${before + 1} /zones/${zone}/root${LOG}`, 'exited with status');
      return (await log(zone)).slice(before);
    },
    refresh: (zone: string) => lab.mustRun(['/usr/sbin/svcadm', '-z', zone, 'refresh', ZONENET]),
    state: async (zone: string, fmri = ZONENET) =>
      (await lab.run(['/usr/bin/svcs', '-z', zone, '-H', '-o', 'state', fmri])).stdout.trim(),
    /** Reboots a zone from the host and waits until its services settle. */
    async reboot(zone: string) {
      await lab.mustRun(['/usr/sbin/zoneadm', '-z', zone, 'reboot']);
      await until(`/usr/bin/svcs -z ${zone} -H -o state svc:/milestone/multi-user-server:default`, 'online');
    },
    /** Rewrites the published metadata of a zone, as the host would: by rename. */
    async editMetadata(zone: string, edit: (text: string) => string) {
      const path = `/var/zonenet/zones/${zone}/metadata.ini`;
      await lab.writeFile('global', `${path}.new`, edit(await lab.readFile('global', path)));
      await lab.mustRun(['/bin/mv', `${path}.new`, path]);
    },
  };
}
