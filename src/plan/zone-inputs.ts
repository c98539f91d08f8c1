import { digestOf } from '../render/digest.ts';

/** All that a zone's configuration is made from. The templates of the host are in it by the digest in the metadata. */
export interface ZoneInputs {
  /** The metadata as they are published, byte for byte. */
  readonly text: string;
  /** Names the software, the text of EDITION: another one may make another plan, and other files. */
  readonly edition: string;
  /** What the zone's administrator has put beside it. */
  readonly own: OwnInputs;
}

/** The zone's own templates and values. */
export interface OwnInputs {
  /** Names in OWN_TEMPLATES and in its partials, sorted, as the shell lists them: those that begin with "." left out. */
  readonly names: readonly string[];
  readonly partials: readonly string[];
  /** All that is read of them, by path; LOCAL among them where it is there. */
  readonly texts: ReadonlyMap<string, string>;
}

export const NOTHING_OWN: OwnInputs = { names: [], partials: [], texts: new Map() };

/** Names the software in a zone; made when it is built (.ci/build.mjs). */
export const EDITION = '/opt/zonenet/lib/edition';

/** Names what is made from the inputs, so that nobody makes it twice. In hexadecimal. */
export function inputsKey({ text, edition, own }: ZoneInputs): string {
  return digestOf(JSON.stringify([text, edition, own.names, own.partials, [...own.texts]]));
}

/** The line that a boot program for these inputs begins with. */
export const bootProgramHead = (key: string) => `# zonenet boot program 1 ${key}\n`;

/** Bytes of a file that tell what it was made from: of a boot program, and of what was proved last. */
export const HEAD_BYTES = 120;

/** Whether a program was made for that key. */
export function isBootProgramFor(key: string, program: string | undefined): boolean {
  return program?.startsWith(bootProgramHead(key)) === true;
}
