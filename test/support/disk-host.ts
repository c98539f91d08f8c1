// The fake host with the product's own file operations on a disk that remembers them, and its life after a power cut.
import type { Host } from '../../src/host/host.ts';
import { createNodeSystem } from '../../src/system/node-system.ts';
import type { System } from '../../src/system/system.ts';
import { createDisk, type DiskState, isOnDisk, onDisk } from './disk.ts';
import { createFakeHost, type FakeHost } from './fake-host.ts';

/** What programs keep: links, zones, and the files below zones. It is on disk when they end. */
type World = ReturnType<typeof worldOf>;

const isKept = (path: string) => !isOnDisk(path) && !path.startsWith('/var/run');

function worldOf({ links, zones, files, directories }: FakeHost) {
  return structuredClone({
    links,
    zones,
    files: new Map([...files].filter(([path]) => isKept(path))),
    directories: [...directories].filter(isKept),
  });
}

export type DiskHost = ReturnType<typeof createDiskHost>;

/** A fake host whose records and metadata are on a disk. What `fake` has of them already is taken over. */
export function createDiskHost(fake: FakeHost) {
  const taken: DiskState = {
    files: new Map([...fake.files].filter(([path]) => isOnDisk(path))),
    directories: new Set([...fake.directories].filter(isOnDisk)),
  };
  const disk = createDisk(taken);
  const worlds: World[] = [worldOf(fake)];
  let ids = 0;

  async function run(command: Parameters<System['run']>[0]) {
    for (const path of fake.files.keys()) if (isOnDisk(path)) fake.files.delete(path);
    for (const [path, content] of disk.state().files) fake.files.set(path, content);
    const before = fake.changes.length;
    const result = await fake.system.run(command);
    if (fake.changes.length > before) {
      worlds.push(worldOf(fake));
      disk.world();
    }
    return result;
  }
  const node = createNodeSystem({ run, log: fake.system.log });
  const of = (path: string) => (isOnDisk(path) ? node : fake.system);
  const system: System = {
    ...fake.system,
    run,
    readFile: (path) => of(path).readFile(path),
    readHead: (path, bytes) => of(path).readHead(path, bytes),
    writeFile: (file) => of(file.path).writeFile(file),
    writeFiles: (files) => of(files[0]?.path ?? '').writeFiles(files),
    makeDirectory: (path, mode) => of(path).makeDirectory(path, mode),
    remove: (path, scratch) => of(path).remove(path, scratch),
    list: (path) => of(path).list(path),
    listStamped: (path) => of(path).listStamped(path),
    appendNotes: (path, text) => of(path).appendNotes(path, text),
    cutOff: (path) => of(path).cutOff(path),
    kindOf: (path) => of(path).kindOf(path),
    attributesOf: (path) => of(path).attributesOf(path),
  };
  const host: Host = {
    ...fake.host,
    system,
    // Other ids than any that a host before the power cut gave.
    newId() {
      ids += 1;
      return `00000000-0000-4000-9000-${String(ids).padStart(12, '0')}`;
    },
  };
  /** Does something with the host. */
  const use = <T>(work: (host: Host) => Promise<T>): Promise<T> => onDisk(disk, () => work(host));
  return { fake, disk, worlds, use };
}

/**
 * The host after a power cut: programs' doings as they were, the disk as it was left. /var/run is empty, links have no
 * protection, zones with autoboot are booted if they can be.
 */
export async function rebooted(world: World, left: DiskState): Promise<DiskHost> {
  const fake = createFakeHost();
  const kept = structuredClone(world);
  fake.links.clear();
  for (const [name, { class: kind, mtu, over }] of kept.links) {
    fake.links.set(name, { class: kind, mtu, ...(over === undefined ? {} : { over }) });
  }
  for (const [name, { state, config }] of kept.zones) {
    fake.zones.set(name, { state: state === 'running' ? 'installed' : state, config, generation: 0 });
  }
  for (const [path, content] of [...kept.files, ...left.files]) fake.files.set(path, content);
  for (const path of [...kept.directories, ...left.directories]) fake.directories.add(path);
  const host = createDiskHost(fake);
  const autoboot = [...fake.zones].filter(([, { config }]) => config.includes('set autoboot=true'));
  await host.use(async ({ system }) => {
    for (const [name] of autoboot) await system.run({ program: '/usr/sbin/zoneadm', args: ['-z', name, 'boot'] });
  });
  return host;
}

/** All that a host has, whatever the ids and generations, and how its links are protected. */
export function shapeOf({ fake, disk }: Pick<DiskHost, 'fake' | 'disk'>): string {
  const { files, directories } = disk.state();
  const links = [...fake.links].map(([name, { class: kind, mtu, over }]) => [name, kind, mtu, over].join(' '));
  const zones = [...fake.zones].map(([name, { state, config }]) => [name, state, ...config].join('\n'));
  const texts = [...files].map(([path, text]) => `${path}\n${text.replace(/^(generation|id) = .*$/gm, '$1')}`);
  return [...links.sort(), ...zones.sort(), ...texts.sort(), ...[...directories].sort()]
    .join('\n')
    .replace(/00000000-0000-4000-[89]000-\d{12}/g, 'ID');
}
