import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import { type ManagedFile, type RenderedFile, reloadOf } from '../domain/managed-file.ts';
import { OWN_PROGRAMS } from '../illumos/smf.ts';
import { refreshService, restartService } from '../illumos/svcadm.ts';
import { isRunning, type ServiceState } from '../illumos/svcs.ts';
import { telling } from './own-services.ts';
import { run, type Step } from './step.ts';

/** What is at the path of a managed file, and what its installation needs to know. */
export interface ObservedFile {
  /** Missing: nothing is there. */
  readonly kind?: 'file' | 'directory' | 'link' | 'other';
  /** Of a file; missing otherwise. */
  readonly content?: string;
  /** Permission bits; missing where they are not known. */
  readonly mode?: number;
  readonly owner?: Ids;
  /** Whether its directory is there. */
  readonly directory: boolean;
  /** The first part of the way to it that is a link; missing: none is. */
  readonly through?: string;
  /** The owner it is to have, by number; "unknown" when this zone has no such user or group. */
  readonly wanted?: Ids | 'unknown';
  /** The service to be told of a change; "missing" when this zone has none of that name. */
  readonly service?: ServiceState | 'missing';
  /** Whether a run that was cut off had changed the file and not told the service. */
  readonly untold?: true;
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Names the services that are still to be told of a change, a line each: kept until they were. */
export const UNTOLD = '/var/zonenet/untold';

/** Whether the file has to be written: it differs, is a link, or is missing; a seeded one only when missing. */
export function isStale({ file, content }: RenderedFile, observed: ObservedFile | undefined): boolean {
  if (file.policy === 'left') return false;
  if (observed?.kind === undefined) return true;
  if (file.policy === 'seeded') return false;
  return observed.kind !== 'file' || observed.content !== content || hasOtherAttributes(file, observed);
}

function hasOtherAttributes({ mode }: ManagedFile, { mode: had, owner, wanted }: ObservedFile): boolean {
  const otherOwner =
    typeof wanted === 'object' && owner !== undefined && (owner.uid !== wanted.uid || owner.gid !== wanted.gid);
  return otherOwner || (had !== undefined && had !== mode);
}

/**
 * Sees that every file that has to be written can be, before anything is changed.
 *
 * @throws {OperatorError} FILE_REFUSED for a way through a link, for an owner or a service that the zone has not;
 * WRITE_FAILED where a directory stands in the place of a file
 */
export function refuseUnwritable(files: readonly RenderedFile[], observed: ReadonlyMap<string, ObservedFile>): void {
  for (const rendered of files) {
    const have = observed.get(rendered.file.path);
    if (isStale(rendered, have) && have !== undefined) refuseOne(rendered.file, have);
  }
}

function refuseOne({ name, path, owner, reload }: ManagedFile, { kind, through, wanted, service }: ObservedFile): void {
  if (kind === 'directory') throw new OperatorError('WRITE_FAILED', `Cannot write "${path}": a directory is there`);
  const refuse = (why: string, hint: string) => {
    throw new OperatorError('FILE_REFUSED', `Cannot write "${path}": ${why}`, { hint });
  };
  if (through !== undefined) refuse(`"${through}" is a symbolic link`, `Write where it leads, as "path" of [${name}]`);
  if (wanted === 'unknown' && owner !== undefined) {
    refuse(`this zone has no user ${owner.user} or no group ${owner.group}`, `Mend "owner" of [${name}] in files.ini`);
  }
  if (service === 'missing' && typeof reload === 'object' && !OWN_PROGRAMS.includes(reload.service)) {
    refuse(
      `this zone has no ${reload.service}`,
      `Mend "reload" of [${name}] in files.ini: svcs -a lists what there is`,
    );
  }
}

/**
 * Steps that install the rendered files and tell the services that read them. A link in the place of a file is replaced
 * by the file, never written through.
 *
 * @throws {OperatorError} as `refuseUnwritable`
 */
export function planFiles(files: readonly RenderedFile[], observed: ReadonlyMap<string, ObservedFile>): Step[] {
  refuseUnwritable(files, observed);
  const made = new Set<string>();
  const written = files.flatMap((rendered): Step[] => {
    const { path, mode } = rendered.file;
    const have = observed.get(path);
    if (!isStale(rendered, have)) return [];
    const directory = dirname(path);
    const parent: Step[] =
      have?.directory === true || made.has(directory)
        ? []
        : [{ kind: 'directory', reason: `${directory} is missing`, path: directory, mode: 0o755 }];
    made.add(directory);
    const reason = have?.kind === undefined ? `${path} is missing` : `${path} differs`;
    const owner = typeof have?.wanted === 'object' ? { owner: have.wanted } : {};
    const file = { path, content: rendered.content, mode, ...owner };
    return [...parent, { kind: 'write', reason, file, replaces: have?.kind !== undefined }];
  });
  const { before, after } = planReloads(files, observed);
  return [...before, ...written, ...after];
}

/**
 * What is noted before the files are written, and the services told afterwards: one that a killed run did not come to is
 * told by the next. A service that does not run reads its files when it starts.
 */
function planReloads(files: readonly RenderedFile[], observed: ReadonlyMap<string, ObservedFile>) {
  const due = new Map<string, Step[]>();
  for (const rendered of files) {
    const [have, reload] = [observed.get(rendered.file.path), reloadOf(rendered.file)];
    if (reload === undefined || !(have?.untold === true || isStale(rendered, have))) continue;
    const command = reload.verb === 'refresh' ? refreshService(reload.service) : restartService(reload.service);
    const runs = typeof have?.service === 'object' && isRunning(have.service);
    const told = telling(reload.service, run(`it reads ${rendered.file.path}`, command));
    due.set(formatReload(reload), runs ? told : []);
  }
  if (due.size === 0) return { before: [], after: [] };
  const content = [...due.keys()].map((line) => `${line}\n`).join('');
  const reason = 'services are to be told, whatever happens meanwhile';
  const before: Step[] = [
    { kind: 'directory', reason, path: dirname(UNTOLD), mode: 0o755 },
    { kind: 'write', reason, file: { path: UNTOLD, content, mode: 0o644 }, replaces: false },
  ];
  const after: Step[] = [...due.values()].flat();
  return { before, after: [...after, { kind: 'remove', reason: 'they were told', path: UNTOLD } as const] };
}

/** "refresh svc:/network/dns/server:default": a line of UNTOLD. */
export function formatReload({ verb, service }: NonNullable<ReturnType<typeof reloadOf>>): string {
  return `${verb} ${service}`;
}
