// The grammar of zonecfg commands (ipfilter.md 8; judged by conformance/zonecfg-grammar.json): syntax only, no value is checked.
import { type CommandName, createLexer, type ResourceName, type Word } from './zonecfg-lexer.ts';

export type Pair = readonly [name: string, value: string];
export type Value =
  | { readonly kind: 'simple'; readonly text: string }
  | { readonly kind: 'complex'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'list'; readonly items: readonly Value[] };

export interface Command {
  /** The line the command ends on. */
  readonly line: number;
  readonly name: CommandName;
  /** Words that are neither resource nor property: "-F", a file name, what `add` was given that it does not know. */
  readonly args: readonly string[];
  readonly resource?: ResourceName;
  /** What `clear` and `info` name besides resources. */
  readonly property?: string;
  readonly properties: readonly { readonly name: string; readonly value: Value }[];
}

export type Parsed =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'nothing' }
  /** `at` is the offending text as it stands in the file. */
  | { readonly kind: 'syntax error'; readonly line: number; readonly at: string }
  | { readonly kind: 'usage error'; readonly line: number; readonly command: CommandName }
  /** What stands unfinished before the end is dropped without a word. */
  | { readonly kind: 'end' };

/** Thrown inside the parser only, to get out of a command. */
class Refused extends Error {
  readonly parsed: Parsed;
  constructor(parsed: Parsed) {
    super(parsed.kind);
    this.parsed = parsed;
  }
}

/** Gives a command at each call. After an error the rest of that command is passed over. */
export function createParser(text: string): () => Parsed {
  const lexer = createLexer(text);
  let word: Word = { kind: 'terminator', text: '\n' };

  /** The word to come; by a function, since words change behind the compiler's back. */
  const look = () => word;

  const shift = () => {
    const taken = word;
    word = lexer.next();
    return taken;
  };

  function syntaxError(): Refused {
    if (word.kind === 'end') return new Refused({ kind: 'end' });
    return new Refused({ kind: 'syntax error', line: lexer.line(), at: word.text === '\n' ? '\\n' : word.text });
  }

  const usageError = (command: CommandName) => new Refused({ kind: 'usage error', line: lexer.line(), command });

  function expect(kind: Word['kind']): Word {
    if (word.kind !== kind) throw syntaxError();
    return shift();
  }

  function tokens(most: number): string[] {
    const found: string[] = [];
    while (word.kind === 'token' && found.length < most) {
      found.push(word.value);
      shift();
    }
    return found;
  }

  function simple(): Value {
    const { text } = word;
    if (word.kind === 'token') return { kind: 'simple', text: tokens(1)[0] ?? '' };
    if (word.kind !== 'resource' && word.kind !== 'property') throw syntaxError();
    shift();
    return { kind: 'simple', text };
  }

  function complex(): Value {
    expect('open-complex');
    const pairs: Pair[] = [];
    for (;;) {
      const name = expect('property').text;
      expect('equal');
      const value = simple();
      if (value.kind === 'simple') pairs.push([name, value.text]);
      if (word.kind !== 'comma') break;
      shift();
    }
    expect('close-complex');
    return { kind: 'complex', pairs };
  }

  const simpleOrComplex = () => (word.kind === 'open-complex' ? complex() : simple());

  function value(emptyList = false): Value {
    if (look().kind !== 'open-list') return simpleOrComplex();
    shift();
    const items: Value[] = [];
    if (!(emptyList && look().kind === 'close-list')) {
      items.push(simpleOrComplex());
      while (look().kind === 'comma') {
        shift();
        items.push(simpleOrComplex());
      }
    }
    expect('close-list');
    return { kind: 'list', items };
  }

  /** Up to three NAME=VALUE, parted by blanks. */
  function assignments(): Command['properties'] {
    const found: { name: string; value: Value }[] = [];
    while (word.kind === 'property' && found.length < 3) {
      const name = shift().text;
      expect('equal');
      found.push({ name, value: value() });
    }
    return found;
  }

  function body(name: CommandName): Omit<Command, 'line' | 'name'> {
    switch (name) {
      case 'create':
        return { args: tokens(3), properties: [] };
      case 'export':
        return { args: tokens(2), properties: [] };
      case 'add':
        return add();
      case 'remove':
        return remove();
      case 'select':
        return select();
      case 'info':
        return info();
      case 'set':
        return set();
      case 'clear':
        if (word.kind !== 'property') throw usageError('clear');
        return { args: [], property: shift().text, properties: [] };
      default:
        return { args: tokens(1), properties: [] };
    }
  }

  function add(): Omit<Command, 'line' | 'name'> {
    if (word.kind === 'property') return { args: [], properties: [{ name: shift().text, value: value() }] };
    if (word.kind === 'resource') return { args: [], resource: resource(), properties: [] };
    const args = tokens(1);
    if (args.length === 0) throw usageError('add');
    return { args, properties: [] };
  }

  function resource(): ResourceName {
    if (word.kind !== 'resource') throw syntaxError();
    const { name } = word;
    shift();
    return name;
  }

  function remove(): Omit<Command, 'line' | 'name'> {
    if (word.kind === 'property') return { args: [], properties: [{ name: shift().text, value: value() }] };
    const args = tokens(1);
    if (word.kind !== 'resource') throw usageError('remove');
    const which = resource();
    return { args, resource: which, properties: args.length === 0 ? assignments() : [] };
  }

  function select(): Omit<Command, 'line' | 'name'> {
    if (word.kind !== 'resource') throw usageError('select');
    const which = resource();
    const properties = assignments();
    if (properties.length === 0 && !SINGLE_RESOURCES.has(which)) throw usageError('select');
    return { args: [], resource: which, properties };
  }

  function info(): Omit<Command, 'line' | 'name'> {
    if (word.kind === 'token') throw usageError('info');
    if (word.kind === 'property' && GLOBAL_PROPERTIES.has(word.text)) {
      return { args: [], property: shift().text, properties: [] };
    }
    if (word.kind !== 'resource') return { args: [], properties: [] };
    return { args: [], resource: resource(), properties: assignments() };
  }

  function set(): Omit<Command, 'line' | 'name'> {
    if (word.kind === 'token') {
      const args = tokens(1);
      const { text } = word;
      if (text !== 'zonepath') throw syntaxError();
      shift();
      expect('equal');
      return { args, properties: [{ name: text, value: value() }] };
    }
    if (word.kind !== 'property') throw usageError('set');
    const name = shift().text;
    expect('equal');
    return { args: [], properties: [{ name, value: value(true) }] };
  }

  function parse(): Parsed {
    const first = look();
    if (first.kind === 'end') return { kind: 'end' };
    if (first.kind === 'terminator') return { kind: 'nothing' };
    if (first.kind !== 'command') throw syntaxError();
    shift();
    const rest = body(first.name);
    const last = look();
    if (last.kind !== 'terminator') throw syntaxError();
    const line = last.text === '\n' ? lexer.line() - 1 : lexer.line();
    return { kind: 'command', command: { line, name: first.name, ...rest } };
  }

  return () => {
    if (word.kind === 'terminator') shift();
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      while (word.kind !== 'terminator' && word.kind !== 'end') shift();
      return error.parsed;
    }
  };
}

/** Of these a zone has one at most, so `select` needs no property. */
const SINGLE_RESOURCES: ReadonlySet<string> = new Set(['dedicated-cpu', 'capped-cpu', 'capped-memory']);

/** What `info` can be asked for by name. */
const GLOBAL_PROPERTIES = new Set(
  `zonename zonepath brand autoboot ip-type pool limitpriv bootargs scheduling-class cpu-shares max-lwps max-processes
   max-shm-memory max-shm-ids max-msg-ids max-sem-ids hostid fs-allowed zfs-io-priority`.split(/\s+/),
);
