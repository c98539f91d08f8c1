// A lab with znetadm in it, and all that an undisturbed run of the first story decides.
import type { Scenario } from '../lab/crash-sweep.ts';
import type { LabHandle } from '../lab/lab.ts';

export type State = Record<string, unknown>;

/** A scenario with the lab it runs in; a disturbed run ends as the undisturbed one, or at nothing where it says so. */
export interface StoryScenario extends Scenario<State> {
  readonly lab: LabHandle;
  /** What the state may be beside the wanted one: after a sync that undid, or had nothing to finish. */
  readonly otherwise: () => State | undefined;
}

/** What the commands and methods under test are started with. */
export const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin' };
export const SERVICES = ['svc:/network/zonenet:default', 'svc:/network/zonenet-forwarding:default'];
export const PROXY = '-R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy';
const APPLIED = `generation=$(grep '^generation = ' /etc/zonenet/host/metadata.ini) && cd /var/zonenet &&
grep -qx "$generation" status.ini && grep -qx 'verified = true' status.ini`;
const ZNETADM = '/opt/zonenet/bin/znetadm';

export type StoryHost = ReturnType<typeof hostOf>;

/** What a lab has of znetadm and its zones. */
export function hostOf(lab: LabHandle) {
  const znetadm = (words: string, before: readonly string[] = []) =>
    lab.run([...before, ZNETADM, ...words.split(' ')], { env: ENVIRONMENT });

  async function must(words: string): Promise<string> {
    const { status, signal, stdout, stderr } = await znetadm(words);
    if (status !== 0) throw new Error(`znetadm ${words}: ${signal ?? status}: ${stdout}${stderr}`);
    return stdout;
  }

  const has = async (path: string) => (await lab.run(['/bin/test', '-e', path])).status === 0;

  /** The states of our services in a zone, in their order; undefined while they cannot be asked. */
  async function states(zone: string): Promise<(string | undefined)[]> {
    const { stdout } = await lab.run(['/usr/bin/svcs', '-z', zone, '-H', '-o', 'state,fmri', ...SERVICES]);
    const rows = stdout.split('\n').map((row) => row.split(/\s+/));
    return SERVICES.map((service) => rows.find(([, fmri]) => fmri === service)?.[0]);
  }

  /** Whether a running zone has verified what is published for it, by its own status; a proxy also forwards. */
  async function isApplied(zone: string): Promise<boolean> {
    const { status } = await lab.run(APPLIED, { zone });
    const [setUp, forwarding] = await states(zone);
    return status === 0 && setUp === 'online' && (zone !== 'proxy' || forwarding === 'online');
  }

  /** The same of the host itself, where it is a proxy. */
  async function isHostApplied(): Promise<boolean> {
    if (!(await has('/etc/zonenet/zones/global.ini'))) return true;
    const { status } = await lab.run(APPLIED.replace('/etc/zonenet/host', '/var/zonenet/zones/global'));
    return status === 0 && (await states('global')).every((state) => state === 'online');
  }

  /** Waits until every running zone has applied what is published for it. */
  async function quiet(): Promise<void> {
    const end = performance.now() + 60_000;
    for (;;) {
      await lab.settled();
      const running = (await lab.zones()).filter(({ name, state }) => name !== 'global' && state === 'running');
      const applied = await Promise.all(running.map(({ name }) => isApplied(name)));
      if (applied.every((yes) => yes) && (await isHostApplied())) return;
      if (performance.now() > end) throw new Error(`zones do not apply what is published: ${await must('show-zone')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  return { znetadm, must, has, isApplied, quiet, states };
}

/** What V8 compiled: kept or not, by whether a run came to its end. */
const CODE = /^\/var\/(zonenet\/code-|run\/zonenet\/code)/;
/** Files of ours whose content is compared as text, since ids, numbers of editions and times are in it. */
const TEXTS = /^\/(etc|var)\/zonenet\//;
const COLLECT =
  'for f in $(find /etc/zonenet /var/zonenet /zones/*/root/var/zonenet /zones/*/root/etc/zonenet -type f ! -name "code-*" 2>/dev/null | sort); do echo "== $f"; cat "$f"; done; find /var/run/zonenet -path "*/lock" -prune -o \\( -name ".*" -o -name "*.zonecfg" \\) -print';

/**
 * The lab's own dump, and our files as text.
 *
 * Taken out is what the design lets differ: the random id of a zone, and in metadata, status and boot programs the number of the
 * edition, which counts how often content changed on the way (design.md §6), digests over it, and when and how fast it was
 * applied.
 */
export async function stateOf(lab: LabHandle, quiet: () => Promise<void>): Promise<State> {
  await quiet();
  const dump = JSON.parse(
    JSON.stringify(await lab.dump()).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'),
  ) as State & { files: Record<string, Record<string, string>> };
  const files = Object.fromEntries(
    Object.entries(dump.files).map(([zone, found]) => [
      zone,
      Object.fromEntries(
        Object.entries(found)
          .filter(([path]) => !CODE.test(path))
          .map(([path, line]) => [path, TEXTS.test(path) ? line.replace(/ [0-9a-f]{16}$/, '') : line]),
      ),
    ]),
  );
  const { stdout } = await lab.run(['/bin/sh', '-c', COLLECT]);
  const texts = stdout
    .replaceAll('\\n', '\n')
    .replace(/\b(id|generation|applied|milliseconds|digest)( = (count: |astring: )?)("?)[\w-]+/g, '$1$2…')
    .replace(/^ "(key|digest)": "[0-9a-f]{64}",$/gm, ' "$1": …')
    .replace(/"generation":\d+/g, '"generation":…')
    .replace(/^# zonenet boot program 1 .*|\bwith generation \d+ of|\b(generation|digest)=\w+/gm, '$1…')
    .replace(/ \d+( \/(etc\/zonenet\/host\/metadata\.ini|var\/zonenet\/last-good\.json))/g, ' …$1')
    .split('\n');
  return { ...dump, files, texts };
}

/** The lines in which two states differ, by path. */
export function differences(actual: unknown, wanted: unknown, path = ''): string[] {
  if (typeof actual === 'object' && actual !== null && typeof wanted === 'object' && wanted !== null) {
    const [one, other] = [actual as Record<string, unknown>, wanted as Record<string, unknown>];
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) =>
      differences(one[key], other[key], `${path}/${key}`),
    );
  }
  return actual === wanted ? [] : [`${path}: is ${JSON.stringify(actual)}, should be ${JSON.stringify(wanted)}`];
}
