import { dirname } from 'node:path';
import { type FileOwner, type RenderedFile, reloadOf } from '../domain/managed-file.ts';
import { idOf } from '../illumos/accounts.ts';
import { formatReload, type ObservedFile, UNTOLD } from '../plan/files.ts';
import type { System } from '../system/system.ts';
import { type AskServices, askTogether } from './ask-services.ts';

/** What is at the paths of the managed files, and of the services that read them. */
export async function observeFiles(
  files: readonly RenderedFile[],
  system: System,
  ask: AskServices = askTogether(system),
): Promise<Map<string, ObservedFile>> {
  const [services, untold, owners] = await Promise.all([
    ask(files.flatMap(({ file }) => reloadOf(file)?.service ?? [])),
    system.readFile(UNTOLD),
    ownerReader(files, system),
  ]);
  const links = new Map<string, Promise<string | undefined>>();
  const observed = files.map(async ({ file }): Promise<[string, ObservedFile]> => {
    const { path, owner, reload } = file;
    const [kind, attributes] = await Promise.all([system.kindOf(path), system.attributesOf(path)]);
    const content = kind === 'file' ? await system.readFile(path) : undefined;
    const directory = dirname(path);
    const way = links.get(directory) ?? firstLink(directory, system);
    links.set(directory, way);
    const through = await way;
    const told = reloadOf(file);
    return [
      path,
      {
        ...(kind === undefined ? {} : { kind }),
        ...(content === undefined ? {} : { content }),
        ...(attributes === undefined
          ? {}
          : { mode: attributes.mode, owner: { uid: attributes.uid, gid: attributes.gid } }),
        directory: kind !== undefined || (await system.kindOf(directory)) !== undefined,
        ...(through === undefined ? {} : { through }),
        ...(owner === undefined ? {} : { wanted: owners(owner) }),
        ...(typeof reload === 'string' ? {} : { service: services.get(reload.service) ?? ('missing' as const) }),
        ...(told !== undefined && untold?.split('\n').includes(formatReload(told)) ? { untold: true as const } : {}),
      },
    ];
  });
  return new Map(await Promise.all(observed));
}

/** The first part of a path, from the root on, that is a link. */
async function firstLink(directory: string, system: System): Promise<string | undefined> {
  let at = '';
  for (const part of directory.split('/').slice(1)) {
    at = `${at}/${part}`;
    const kind = part === '' ? undefined : await system.kindOf(at);
    if (kind === 'link') return at;
    if (kind === undefined) return undefined;
  }
  return undefined;
}

/** Looks names up in the zone's own passwd and group: name services may need the network that is being made. */
async function ownerReader(files: readonly RenderedFile[], system: System) {
  if (files.every(({ file }) => file.owner === undefined)) return () => 'unknown' as const;
  const [passwd = '', group = ''] = await Promise.all([system.readFile('/etc/passwd'), system.readFile('/etc/group')]);
  return ({ user, group: groupName }: FileOwner) => {
    const [uid, gid] = [idOf(user, passwd), idOf(groupName, group)];
    return uid === undefined || gid === undefined ? ('unknown' as const) : { uid, gid };
  };
}
