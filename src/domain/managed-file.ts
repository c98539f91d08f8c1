/** A file that the method writes from a template: a section of templates/files.ini. */
export interface ManagedFile {
  /** Name of the section: "ipf.conf". */
  readonly name: string;
  /** File name of its template: "ipf.conf.hbs". */
  readonly template: string;
  /** Absolute path in the zone. */
  readonly path: string;
  /** Permission bits, like 0o644. */
  readonly mode: number;
  /** Which zones have it: all, by role, or those that are given a resolver. */
  readonly when: 'always' | 'proxy' | 'member' | 'resolver';
  /** Program and arguments that read a candidate and say on stderr what is wrong; "{file}" stands for it. Empty: unchecked. */
  readonly check: readonly string[];
  /** How a change reaches the running system. */
  readonly reload: 'ipf' | 'ipnat' | 'none';
  /** managed: always as rendered. seeded: written when missing. left: never written. */
  readonly policy: 'managed' | 'seeded' | 'left';
}

/** A file with the content that this zone wants. */
export interface RenderedFile {
  readonly file: ManagedFile;
  readonly content: string;
}
