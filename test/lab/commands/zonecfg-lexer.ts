// The words of a zonecfg command file (§4.5, ipfilter.md 8; judged by conformance/zonecfg-grammar.json).

export const COMMANDS = [
  'add',
  'cancel',
  'commit',
  'create',
  'delete',
  'end',
  'exit',
  'export',
  'help',
  'info',
  'remove',
  'revert',
  'select',
  'set',
  'clear',
  'verify',
] as const;
export type CommandName = (typeof COMMANDS)[number];

export const RESOURCES = [
  'net',
  'fs',
  'device',
  'rctl',
  'attr',
  'dataset',
  'dedicated-cpu',
  'capped-cpu',
  'capped-memory',
  'admin',
  'security-flags',
] as const;
export type ResourceName = (typeof RESOURCES)[number];

/** Every property of the zone or of a resource. */
const PROPERTIES = new Set(
  `special raw dir type options zonename zonepath autoboot ip-type pool limitpriv bootargs address allowed-address physical
   defrouter mac-addr vlan-id global-nic property name value match priv limit action brand ncpus locked swap importance
   cpu-shares max-lwps max-processes max-shm-memory max-shm-ids max-msg-ids max-sem-ids scheduling-class hostid user auths
   fs-allowed zfs-io-priority default upper lower`.split(/\s+/),
);

export type Word =
  | { readonly kind: 'command'; readonly text: string; readonly name: CommandName }
  | { readonly kind: 'resource'; readonly text: string; readonly name: ResourceName }
  | { readonly kind: 'property'; readonly text: string }
  /** `value` is `text` without quotes. */
  | { readonly kind: 'token'; readonly text: string; readonly value: string }
  | {
      readonly kind: 'equal' | 'comma' | 'open-list' | 'close-list' | 'open-complex' | 'close-complex';
      readonly text: string;
    }
  | { readonly kind: 'terminator'; readonly text: '\n' | ';' }
  /** A character that begins no word here. */
  | { readonly kind: 'stray'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' };

export interface Lexer {
  next(): Word;
  /** Counted when a newline is read as a terminator; one inside an unterminated quote does not count. */
  line(): number;
}

/** At the start of a command, among its words, in a list, or in a complex value. */
type Mode = 'start' | 'words' | 'list' | 'complex';

const TOKEN = {
  words: /[^ \t\n";=[\]()]+/y,
  list: /[^ \t\n",;=[\]()]+/y,
  complex: /[^ \t\n",;=()]+/y,
};
/** A quote that is not closed takes the newline along. There is no escape. */
const QUOTED = /"[^"\n]*["\n]/y;
const COMMENT = /#[^\n]*/y;
const BLANKS = /[ \t]+/y;
const COMMAND = new RegExp(`\\?|${COMMANDS.join('|')}`, 'y');

export function createLexer(text: string): Lexer {
  let at = 0;
  let line = 1;
  let mode: Mode = 'start';
  /** Where a complex value goes back to. */
  let outer: Mode = 'words';

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function next(): Word {
    take(BLANKS);
    if (mode === 'start') {
      take(COMMENT);
      const found = take(COMMAND);
      const name = found === '?' ? 'help' : COMMANDS.find((command) => command === found);
      if (found !== undefined && name !== undefined) {
        outer = 'words';
        mode = 'words';
        return { kind: 'command', text: found, name };
      }
    } else {
      const token = take(TOKEN[mode]);
      if (token !== undefined) return wordOf(token, mode);
      const quoted = take(QUOTED);
      if (quoted !== undefined) return { kind: 'token', text: quoted, value: quoted.slice(1).replace(/"$/, '') };
    }
    const text1 = text[at] ?? '';
    at++;
    return text1 === '' ? { kind: 'end', text: '' } : sign(text1);
  }

  function sign(text: string): Word {
    if (text === '\n' || text === ';') {
      if (text === '\n') line++;
      mode = 'start';
      return { kind: 'terminator', text };
    }
    if (mode === 'start') return { kind: 'stray', text };
    if (text === '=') return { kind: 'equal', text };
    if (text === ',' && mode !== 'words') return { kind: 'comma', text };
    if (text === '[' && mode === 'words') return enter('list', { kind: 'open-list', text });
    if (text === ']' && mode === 'list') return enter('words', { kind: 'close-list', text });
    if (text === '(' && mode !== 'complex') {
      mode = 'complex';
      return { kind: 'open-complex', text };
    }
    if (text === ')' && mode === 'complex') {
      mode = outer;
      return { kind: 'close-complex', text };
    }
    return { kind: 'stray', text };
  }

  function enter(next: 'list' | 'words', word: Word): Word {
    mode = next;
    outer = next;
    return word;
  }

  return { next, line: () => line };
}

/** Resources are words of their own only outside brackets; properties also in a complex value. */
function wordOf(text: string, mode: 'words' | 'list' | 'complex'): Word {
  const resource = RESOURCES.find((name) => name === text);
  if (mode === 'words' && resource !== undefined) return { kind: 'resource', text, name: resource };
  if (mode !== 'list' && PROPERTIES.has(text)) return { kind: 'property', text };
  return { kind: 'token', text, value: text };
}
