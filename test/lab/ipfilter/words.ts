// The word lists of ipf's grammar, in illumos's order: the first word of a kind is the one that messages show.
import type { WordList } from './lexer.ts';

const same = (...words: string[]): WordList => words.map((word) => [word, word]);

const STATEMENT_WORDS =
  'age ah all and auth bad bad-nat bad-src bcast block body bpf-v4 bpf-v6 call code count dup-to eq esp fastroute first flags ' +
  'frag frag-body frags from ge group gt head icmp icmp-type in in-via intercept_loopback ipopt ipopts keep le level limit log ' +
  'lowttl lt mask match-tag mbcast mcast multicast nat ne net newisn no no-icmp-err now not oow on opt or-block out out-via ' +
  'pass port pps preauth proto quick reply-to return-icmp return-icmp-as-dest return-rst route-to sec-class set-tag set skip ' +
  'short state state-age strict sync tcp tcp-udp tos to ttl udp v6hdrs with';

/** Words that are other names of a token. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ipopt: 'ipopts',
  multicast: 'mcast',
  net: 'network',
  bcast: 'broadcast',
  'state-age': 'age',
};

export const IPF_WORDS: WordList = STATEMENT_WORDS.split(' ').map((word) => [word, SYNONYMS[word] ?? word]);

export const ADDRESS_WORDS = same('any', 'hash', 'pool');
export const MASK_WORDS = same('broadcast', 'netmasked', 'network', 'peer');

/** Names of ICMP types, by number; what the array skips has no name. */
export const ICMP_TYPES: Readonly<Record<number, string>> = {
  0: 'echorep',
  3: 'unreach',
  4: 'squench',
  5: 'redir',
  8: 'echo',
  9: 'routerad',
  10: 'routersol',
  11: 'timex',
  12: 'paramprob',
  13: 'timest',
  14: 'timestrep',
  15: 'inforeq',
  16: 'inforep',
  17: 'maskreq',
  18: 'maskrep',
};

export const ICMP_TYPE_WORDS = same(...Object.values(ICMP_TYPES).sort());

/** Names of ICMP unreachable codes as the grammar reads them, by number. */
export const ICMP_CODES = [
  'net-unr',
  'host-unr',
  'proto-unr',
  'port-unr',
  'needfrag',
  'srcfail',
  'net-unk',
  'host-unk',
  'isolate',
  'net-prohib',
  'host-prohib',
  'net-tos',
  'host-tos',
  'filter-prohib',
  'host-preced',
  'cutoff-preced',
];

export const ICMP_CODE_WORDS = same(...ICMP_CODES);

/** IPv4 options that rules can name, in the order of their bits. */
export const IPV4_OPTIONS =
  'nop rr zsu mtup mtur encode ts tr sec lsrr e-sec cipso satid ssrr addext visa imitd eip finn dps sdb nsapa rtralrt ump'.split(
    ' ',
  );
export const IPV4_OPTION_WORDS = same(...IPV4_OPTIONS);

/** Security classes, in the order of their bits. */
export const SECURITY_CLASSES = 'reserv-4 topsecret secret reserv-3 confid unclass reserv-2 reserv-1'.split(' ');
export const SECURITY_CLASS_WORDS = same(...SECURITY_CLASSES);

/** IPv6 extension headers, in the order of their bits. "ah" comes from the statement's own words. */
export const IPV6_HEADERS = 'hopopts ipv6 routing frag esp ah none dstopts'.split(' ');
export const IPV6_HEADER_WORDS = same('dstopts', 'esp', 'frag', 'hopopts', 'ipv6', 'none', 'routing');

export const FACILITIES = (
  'kern user mail daemon auth syslog lpr news uucp cron ftp authpriv audit logalert security ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');
export const PRIORITIES = 'emerg alert crit err warn notice info debug'.split(' ');

/** "console" is a word of the list, but the grammar has no place for it. */
export const LOG_WORDS = same(...FACILITIES, 'console', ...PRIORITIES);
