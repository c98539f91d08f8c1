// ipfstat(8): lists the rules as they are loaded, outbound first (§11.9).
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import { decode } from '../ipfilter/load.ts';
import { printRule } from '../ipfilter/print-filter.ts';
import { listOf, type RuleList } from '../ipfilter/rule-set.ts';
import { readHits, setOf } from '../ipfilter/stack.ts';

const USAGE = `Usage: ipfstat [-6aAdfghIilnoRsv]
       ipfstat [-M corefile] [-N symbol-list]
       ipfstat -t [-6C] [-G|-z zonename] [-D destination address] [-P protocol] [-S source address] [-T refresh time]
`;
const MODELLED = '6ahIilnoR';
const OTHERS = 'ACdfgstvGDMNPSTz';

export const ipfstat: Program = async (call, lab) => {
  const letters = readLetters(call);
  if (letters === undefined) return 1;
  // Only these show the counters.
  if (letters.has('h') || letters.has('a')) await readHits(lab, call.zone);
  const directions = (['out', 'in'] as const).filter((direction) => letters.has(direction === 'out' ? 'o' : 'i'));
  if (directions.length === 0) {
    if (!letters.has('a')) throw new NotModelled(`ipfstat ${call.args.join(' ')}`);
    call.err('No -i or -o given with -a\n');
    return 0;
  }
  const kind = letters.has('a') ? 'count' : 'filter';
  const set = setOf(call.zone, letters.has('I'));
  for (const direction of directions) {
    const list = listOf(set, letters.has('6') ? 'ipv6' : 'ipv4', direction, kind);
    if (list.rules.length > 0) printList(call, list, letters);
    else {
      const name = kind === 'count' ? 'ipacct' : 'ipfilter';
      call.err(`empty list for ${letters.has('I') ? 'inactive ' : ''}${name}(${direction})\n`);
    }
  }
  return 0;
};

function readLetters(call: Call): ReadonlySet<string> | undefined {
  const letters = new Set<string>();
  for (const word of call.args) {
    if (!word.startsWith('-') || word === '-') throw new NotModelled(`ipfstat ${word}`);
    for (const letter of word.slice(1)) {
      if (OTHERS.includes(letter)) throw new NotModelled(`ipfstat -${letter}`);
      if (!MODELLED.includes(letter)) {
        call.err(`${call.program}: illegal option -- ${letter}\n${USAGE}`);
        return undefined;
      }
      letters.add(letter);
    }
  }
  return letters;
}

/** The rules of a list, then those of the groups that its heads open, one group after the other. */
function printList(call: Call, { rules }: RuleList, letters: ReadonlySet<string>): void {
  rules.forEach(({ rule, hits, bytes }, i) => {
    const numbers = [
      ...(letters.has('h') ? [hits] : []),
      ...(letters.has('a') ? [bytes] : []),
      ...(letters.has('n') ? [`@${i + 1}`] : []),
    ];
    call.out(`${[...numbers, decode(printRule(rule))].join(' ')}\n`);
  });
  for (const { members, rule } of rules) {
    if (rule.head === '') continue;
    if (members === undefined || members.rules.length === 0)
      throw new NotModelled('ipfstat with a group that has no members');
    printList(call, members, letters);
  }
}
