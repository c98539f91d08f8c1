import { familyOf } from './address.ts';
import { type Endpoint, formatEndpoint, parseEndpoint } from './endpoint.ts';
import { OperatorError } from './errors.ts';
import { formatPortRange, type PortRange, parsePortRange } from './port.ts';

export const RULE_ACTIONS = ['allow', 'block', 'reject'] as const;
export const RULE_PROTOCOLS = ['any', 'tcp', 'udp', 'tcp/udp', 'icmp'] as const;

export type RuleAction = (typeof RULE_ACTIONS)[number];
/** A number stands for a protocol by its number of IANA, 0 to 255. */
export type RuleProtocol = (typeof RULE_PROTOCOLS)[number] | number;

/** The parts of a rule that are the same in a record and in metadata. */
export interface RuleWords {
  readonly action: RuleAction;
  /** in: what comes to the zone, on a proxy also what it is to pass on. out: what the zone itself sends. */
  readonly direction: 'in' | 'out';
  readonly log: boolean;
  readonly protocol: RuleProtocol;
  /** Missing: any port. */
  readonly fromPorts?: PortRange;
  readonly toPorts?: PortRange;
  /** One line of printable text. */
  readonly note?: string;
}

/** A rule of the packet filter of a zone, in the words of its operator. */
export interface Rule extends RuleWords {
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** Characters that a note may have; it stands behind "#" in a file of ipf. */
const NOTE = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]{1,200}$/;

/** How many rules a zone may have; ipf takes them all, and a person reads them. */
export const MOST_RULES = 5000;

/** How a rule is written, for hints and help. */
export const RULE_SYNTAX =
  'allow|block|reject in|out [log] [PROTOCOL] from WHO [port P[-P]] to WHO [port P[-P]] [note TEXT]';

/**
 * Reads a rule as it is written on a command line and in a record: "allow in tcp from any to self port 22 note ssh".
 *
 * WHO is "any", "self", "zone:NAME", "group:NAME", "network:NAME", an address or a prefix.
 *
 * @throws {OperatorError} VALUE_INVALID, NAME_INVALID, ADDRESS_INVALID, PREFIX_INVALID
 */
export function parseRule(text: string): Rule {
  const words = createReader(text);
  const action = words.oneOf(RULE_ACTIONS, 'what is to be done: allow, block or reject');
  const direction = words.oneOf(['in', 'out'] as const, '"in" or "out"');
  const log = words.took('log');
  const protocol = words.peek() === 'from' ? 'any' : parseRuleProtocol(words.next('a protocol'));
  words.expect('from');
  const from = parseEndpoint(words.next('who it is from'));
  const fromPorts = words.took('port') ? parsePortRange(words.next('a port')) : undefined;
  words.expect('to');
  const to = parseEndpoint(words.next('who it is to'));
  const toPorts = words.took('port') ? parsePortRange(words.next('a port')) : undefined;
  const note = words.took('note') ? parseNote(words.rest()) : undefined;
  words.end();
  return checkRule({
    action,
    direction,
    log,
    protocol,
    from,
    to,
    ...(fromPorts === undefined ? {} : { fromPorts }),
    ...(toPorts === undefined ? {} : { toPorts }),
    ...(note === undefined ? {} : { note }),
  });
}

export function formatRule(rule: Rule): string {
  return formatWords(rule, formatEndpoint(rule.from), formatEndpoint(rule.to));
}

/** A rule whose ends are written already. */
export function formatWords(rule: RuleWords, from: string, to: string): string {
  const { action, direction, log, protocol, fromPorts, toPorts, note } = rule;
  return [
    action,
    direction,
    ...(log ? ['log'] : []),
    ...(protocol === 'any' ? [] : [`${protocol}`]),
    'from',
    from,
    ...(fromPorts === undefined ? [] : ['port', formatPortRange(fromPorts)]),
    'to',
    to,
    ...(toPorts === undefined ? [] : ['port', formatPortRange(toPorts)]),
    ...(note === undefined ? [] : ['note', note]),
  ].join(' ');
}

function parseRuleProtocol(text: string): RuleProtocol {
  const word = RULE_PROTOCOLS.find((one) => one === text);
  if (word !== undefined) return word;
  if (/^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255) return Number(text);
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a protocol`, {
    hint: `Write ${RULE_PROTOCOLS.join(', ')} or a number from 0 to 255`,
  });
}

function parseNote(text: string): string {
  if (NOTE.test(text)) return text;
  throw new OperatorError(
    'VALUE_INVALID',
    'Cannot use this as a note: it is empty, too long, or has a control character',
    {
      hint: 'Write one line of at most 200 characters',
    },
  );
}

/** Only TCP and UDP have ports, and only what comes in can be answered. */
function checkRule(rule: Rule): Rule {
  const { action, direction, protocol, from, to, fromPorts, toPorts } = rule;
  const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'tcp/udp';
  if (!hasPorts && (fromPorts !== undefined || toPorts !== undefined)) {
    throw unreadable(formatRule(rule), `${protocol} has no ports`, 'Ports go with tcp, udp or tcp/udp');
  }
  if (action === 'reject' && direction === 'out') {
    throw unreadable(formatRule(rule), 'what goes out is not answered', 'Write "block out"');
  }
  if (from.kind === 'prefix' && to.kind === 'prefix' && familyOf(from.prefix.address) !== familyOf(to.prefix.address)) {
    throw unreadable(formatRule(rule), 'one end is IPv4 and the other IPv6', 'Both ends of a packet are of one family');
  }
  return rule;
}

function createReader(text: string) {
  const words = text.split(' ');
  let at = 0;
  const next = (what: string) => {
    const word = words[at];
    if (word === undefined || word === '') throw unreadable(text, `${what} is missing`);
    at += 1;
    return word;
  };
  return {
    next,
    peek: () => words[at],
    took(word: string): boolean {
      if (words[at] !== word) return false;
      at += 1;
      return true;
    },
    expect(word: string): void {
      if (words[at] !== word) throw unreadable(text, `"${word}" is missing before "${words[at] ?? ''}"`);
      at += 1;
    },
    oneOf<const W extends string>(known: readonly W[], what: string): W {
      const word = next(what);
      const found = known.find((one) => one === word);
      if (found === undefined) throw unreadable(text, `"${word}" is not ${what}`);
      return found;
    },
    rest(): string {
      const rest = words.slice(at).join(' ');
      at = words.length;
      return rest;
    },
    end(): void {
      if (at < words.length) throw unreadable(text, `"${words[at]}" is too much`);
    },
  };
}

function unreadable(text: string, why: string, hint = `Write ${RULE_SYNTAX}`): OperatorError {
  return new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a rule: ${why}`, { hint });
}
