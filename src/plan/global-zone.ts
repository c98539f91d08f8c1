import { basename, dirname } from 'node:path';
import { GLOBAL, type LinkName } from '../domain/names.ts';
import { type Command, formatCommand } from '../illumos/command.ts';
import { deleteInterface } from '../illumos/ipadm.ts';
import { IPFILTER, ZONENET, ZONENET_FORWARDING, ZONENET_IPV6, ZONENET_NAMES } from '../illumos/smf.ts';
import { deleteService, importIntoZone } from '../illumos/svc-host.ts';
import { disableService } from '../illumos/svcadm.ts';
import { setProperty } from '../illumos/svccfg.ts';
import { UNTOLD } from './files.ts';
import { manifestsOf } from './host-paths.ts';
import type { HostStep } from './host-step.ts';
import { FILTER_RECORD } from './own-filter.ts';
import { removeEmptied } from './records.ts';
import { run, type Step } from './step.ts';
import {
  CANDIDATES,
  COMPILED,
  compiledMethod,
  LAST_GOOD,
  METHOD_PARTS,
  METHODS,
  STATE_DIRECTORY,
  STATEMENTS,
  STATUS,
  unfinishedCode,
} from './zone-paths.ts';

// The global zone as a proxy: what is made in it, and taken back.

/** Where what stood in the place of a filter file is kept until the host is a proxy no more. */
export const keptFile = (path: string) => `${STATE_DIRECTORY}/kept-${basename(path)}`;

/** What the method leaves in a zone, in the global zone beside what the host publishes. */
const TRACES = [
  ...[LAST_GOOD, STATUS, STATEMENTS, COMPILED, UNTOLD, FILTER_RECORD],
  ...METHODS.flatMap((method) => METHOD_PARTS.map((part) => compiledMethod(method, part))).flatMap((path) => [
    path,
    unfinishedCode(path),
  ]),
];

/** Ours in the host, in the order in which they stop; set-up comes last, so that nothing is forwarded while the rest goes. */
export const HOST_SERVICES = [ZONENET_FORWARDING, ZONENET_NAMES, ZONENET_IPV6, ZONENET];

/**
 * Gives the host our services. They start at once, so set-up, which needs the others, comes last. Importing them again
 * changes nothing.
 */
export function planHostServices(): HostStep[] {
  return [...manifestsOf({ name: GLOBAL, role: 'proxy' })]
    .reverse()
    .map((manifest) => step('+', 'service', importIntoZone(GLOBAL, manifest), 'the host is a proxy'));
}

/** Keeps the files of the packet filter that are there; they hold no rules. */
export function planKeeping(files: ReadonlyMap<string, string>): HostStep[] {
  return [...files].map(([path, content]): HostStep => {
    const kept = keptFile(path);
    const reason = `${path} is put back when the host is a proxy no more`;
    return {
      sign: '+',
      about: 'file',
      what: kept,
      note: reason,
      steps: [
        { kind: 'directory', reason, path: dirname(kept), mode: 0o755 },
        { kind: 'write', reason, file: { path: kept, content, mode: 0o600 }, replaces: false },
      ],
    };
  });
}

/** What of ours the host has when it is to be a proxy no more. */
export interface HostTraces {
  /** By FMRI; of ours and of ipfilter, those that are there. */
  readonly services: ReadonlyMap<string, string>;
  /** Links of ours that are interfaces of the host. */
  readonly interfaces: readonly LinkName[];
  /** Files of the packet filter that we wrote. */
  readonly written: readonly string[];
  /** What was kept, by the path it is for. */
  readonly kept: ReadonlyMap<string, string>;
  /** Files that set-up was checking when it was cut off, or that were refused. */
  readonly candidates: readonly string[];
}

/**
 * Takes back all that made the host a proxy, forwarding first and filter after it. Links and metadata are taken back as of
 * any zone. Steps whose work is done already do nothing.
 */
export function planHostTakingBack({ services, interfaces, written, kept, candidates }: HostTraces): HostStep[] {
  const reason = 'the host is to be a proxy no more';
  const there = HOST_SERVICES.filter((fmri) => services.has(fmri));
  const isFiltering = (services.get(IPFILTER) ?? 'disabled') !== 'disabled';
  // What stands there and is not ours was put back by a run that was cut off.
  const filterFiles = [
    ...[...kept].map(
      ([path, content]): Step => ({ kind: 'write', reason, file: { path, content, mode: 0o644 }, replaces: true }),
    ),
    ...written.filter((path) => !kept.has(path)).map((path): Step => ({ kind: 'remove', reason, path })),
  ];
  // Before ipfilter stops, by which a run that was cut off knows that it is still to be done.
  const policy = setProperty(IPFILTER, { name: 'firewall_config_default/policy', type: 'astring', value: 'none' });
  // A refresh that was under way may have put forwarding on again: nothing does any more when set-up itself has ended.
  const again = there.includes(ZONENET) ? there.filter((fmri) => fmri === ZONENET_FORWARDING) : [];
  return [
    ...there.map((fmri) => step('-', 'service', disableService(fmri), reason)),
    ...again.map((fmri) => step('-', 'service', disableService(fmri), 'set-up may have been at work')),
    ...(isFiltering
      ? [step('-', 'service', policy, reason), step('-', 'service', disableService(IPFILTER), reason)]
      : []),
    files('the files of the packet filter', reason, [
      ...filterFiles,
      ...[...kept.keys()].map((path): Step => ({ kind: 'remove', reason, path: keptFile(path) })),
    ]),
    ...planInterfacesAway(interfaces),
    ...there.map((fmri) => step('-', 'service', deleteService(fmri), reason)),
    files('what set-up has left', reason, [
      ...TRACES.map((path): Step => ({ kind: 'remove', reason, path })),
      ...candidates.map((path): Step => ({ kind: 'remove', reason, path })),
      removeEmptied(CANDIDATES),
    ]),
  ];
}

/** Takes links that go from the host's IP stack, with their addresses. */
export function planInterfacesAway(links: readonly LinkName[]): HostStep[] {
  return links.map((link) => step('-', 'link', deleteInterface(link), `${link} goes`));
}

function step(sign: '+' | '-', about: 'service' | 'link', command: Command, note: string): HostStep {
  return { sign, about, what: formatCommand(command), note, steps: [run(note, command)] };
}

function files(what: string, note: string, steps: readonly Step[]): HostStep {
  return { sign: '-', about: 'file', what, note, steps };
}
