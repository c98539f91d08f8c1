/** A file that the method writes from a template: a section of files.ini. */
export interface ManagedFile {
  /** Name of the section: "ipf.conf". */
  readonly name: string;
  /** File name of its template: "ipf.conf.hbs". */
  readonly template: string;
  /** Absolute path in the zone. */
  readonly path: string;
  /** Permission bits, like 0o644. */
  readonly mode: number;
  /** Whose it is; missing: left as the system gives it, which is root's. */
  readonly owner?: FileOwner;
  /** Which zones have it: all, by role, those that filter, those that are given a resolver, or proxies that serve names, or sites. */
  readonly when: 'always' | 'proxy' | 'member' | 'filter' | 'resolver' | 'names' | 'nginx' | 'haproxy';
  /** Program and arguments that read a candidate; "{file}" in a word stands for it. Empty: unchecked. */
  readonly check: readonly string[];
  /** How a change reaches the running system. */
  readonly reload: 'ipf' | 'ipnat' | 'none' | ServiceReload;
  /** managed: always as rendered. seeded: written when missing. left: never written. */
  readonly policy: 'managed' | 'seeded' | 'left';
}

/** A user and a group, each by name or by number in decimal digits. */
export interface FileOwner {
  readonly user: string;
  readonly group: string;
}

/** A service that reads the file: told to read it again, or started anew. */
export interface ServiceReload {
  readonly verb: 'refresh' | 'restart';
  /** FMRI of an instance. */
  readonly service: string;
}

/** A file with the content that this zone wants. */
export interface RenderedFile {
  readonly file: ManagedFile;
  readonly content: string;
}

/** Whether a file holds rules of the packet filter or of NAT, which are loaded by us. */
export function holdsRules({ reload }: ManagedFile): boolean {
  return reload === 'ipf' || reload === 'ipnat';
}

/** The service to be told of a change. Missing: none. */
export function reloadOf({ reload }: ManagedFile): ServiceReload | undefined {
  return typeof reload === 'string' ? undefined : reload;
}
