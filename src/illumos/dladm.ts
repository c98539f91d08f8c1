import type { LinkName } from '../domain/names.ts';
import type { Command } from './command.ts';
import { parseRows } from './parseable.ts';

const DLADM = '/usr/sbin/dladm';
const LINK_FIELDS = ['link', 'class', 'mtu', 'over'] as const;

/** A data link of the host, those lent to zones included. */
export interface Link {
  /** As dladm prints it; not every link of a host has a name that we would give one. */
  readonly name: string;
  /** "phys", "vnic", "etherstub", "aggr" … (§1.7). */
  readonly class: string;
  /** Bytes. */
  readonly mtu: number;
  /** The link that carries it; missing where none does. */
  readonly over?: string;
}

/** Every link of the host in one command. A link lent to a zone is listed under its plain name (§1.8). */
export function showLinks(): Command {
  return { program: DLADM, args: ['show-link', '-p', '-o', LINK_FIELDS.join(',')] };
}

/** Reads what `showLinks` printed. */
export function parseLinks(stdout: string): Link[] {
  return parseRows(stdout, LINK_FIELDS).map(({ link, class: kind, mtu, over }) => ({
    name: link,
    class: kind,
    mtu: Number(mtu),
    ...(over === '' ? {} : { over }),
  }));
}

/** Persistent, like everything of ours on the host: it is there before zones boot with the host (§1.3). */
export function createEtherstub(name: LinkName): Command {
  return { program: DLADM, args: ['create-etherstub', name] };
}

export function deleteEtherstub(name: LinkName): Command {
  return { program: DLADM, args: ['delete-etherstub', name] };
}

/** MTU needs a command of its own: `-p mtu=` is only recorded for the next boot of the host (§1.5, illumos 15695). */
export function createVnic({ name, over }: { readonly name: LinkName; readonly over: LinkName }): Command {
  return { program: DLADM, args: ['create-vnic', '-l', over, name] };
}

/** Without -t: with it the record stays, and the link comes back with the host (§10.1). */
export function deleteVnic(name: LinkName): Command {
  return { program: DLADM, args: ['delete-vnic', name] };
}

/** One property a call: with several the status is that of the last one (§1.9). */
export function setMtu(name: LinkName, mtu: number): Command {
  return { program: DLADM, args: ['set-linkprop', '-p', `mtu=${mtu}`, name] };
}
