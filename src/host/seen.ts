import type { ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { SEEN_FILE, VOLATILE, zoneConfigFile } from '../plan/host-paths.ts';
import { desiredConfig } from '../plan/zone-config.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import type { Host } from './host.ts';

/**
 * What was in order when it was last looked at, and how to tell that it cannot have changed since. So a thousand zones
 * in order cost no command each.
 *
 * It may be thrown away at any time; then everything is asked again. It lies where a reboot of the host clears it,
 * since ids of zones mean something only until then.
 */
export interface Seen {
  /**
   * Whether the configuration of a zone was found in order and has not been stored again since: zonecfg stores it as
   * /etc/zones/ZONE.xml, a new file each time (§4.1). `note` remembers that it is in order now.
   */
  config(zone: ZoneRecord): Promise<{ readonly inOrder: boolean; note(): void }>;
  /** The same for what a zone applied: in this boot of it (`id`), a generation of its metadata. */
  applied(zone: ZoneName, id: number | undefined, generation: number): { readonly inOrder: boolean; note(): void };
  /** Without anything noted. */
  forgotten(): Seen;
  /** Writes the notes, when they are others than before. */
  save(host: Pick<Host, 'lock'>): Promise<void>;
}

interface Notes {
  readonly config: Record<string, string>;
  readonly applied: Record<string, string>;
}

export async function readSeen(system: System): Promise<Seen> {
  const text = await system.readFile(SEEN_FILE);
  return createSeen(readNotes(text), text, system);
}

/** What cannot be read was cut off by a crash of the host or is of another version: nothing is noted then. */
function readNotes(text = ''): Notes {
  const isTexts = (value: unknown): value is Record<string, string> =>
    typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string');
  try {
    const notes: unknown = JSON.parse(text);
    if (typeof notes === 'object' && notes !== null && 'config' in notes && 'applied' in notes) {
      const { config, applied } = notes;
      if (isTexts(config) && isTexts(applied)) return { config, applied };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { config: {}, applied: {} };
}

function createSeen(before: Notes, text: string | undefined, system: System): Seen {
  const notes: Notes = { config: {}, applied: {} };
  const noting = (of: keyof Notes, zone: ZoneName, key: string | undefined) => {
    const inOrder = key !== undefined && Object.hasOwn(before[of], zone) && before[of][zone] === key;
    const note = () => {
      if (key !== undefined) notes[of][zone] = key;
    };
    if (inOrder) note();
    return { inOrder, note };
  };
  return {
    async config(zone) {
      // Before zonecfg is asked: what is stored while it answers has another stamp.
      const stamp = await system.stampOf(zoneConfigFile(zone.name));
      const want = digestOf(JSON.stringify(desiredConfig(zone)));
      return noting('config', zone.name, stamp === undefined ? undefined : `${stamp} ${want}`);
    },
    applied: (zone, id, generation) => noting('applied', zone, id === undefined ? undefined : `${id} ${generation}`),
    forgotten: () => createSeen({ config: {}, applied: {} }, text, system),
    async save(host) {
      const content = `${JSON.stringify(notes)}\n`;
      if (content === text) return;
      const release = await host.lock('seen');
      try {
        await system.makeDirectory(VOLATILE, 0o700);
        await system.writeFile({ path: SEEN_FILE, content, mode: 0o600 });
      } finally {
        await release();
      }
    },
  };
}
