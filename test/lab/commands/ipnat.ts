// ipnat(8): loads, removes, lists and flushes NAT rules and sessions (§7.2, §11.9).
import { readFileSync } from 'node:fs';
import type { Call, Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import { SyntaxFailure } from '../ipfilter/lexer.ts';
import { addNatRule, removeNatRule } from '../ipfilter/nat-list.ts';
import type { NatRule } from '../ipfilter/nat-rule.ts';
import { formatSession } from '../ipfilter/nat-sessions.ts';
import { flushSessions, loadNat, natOf, readCounts, readSessions } from '../ipfilter/nat-stack.ts';
import { parseNatFile } from '../ipfilter/parse-nat.ts';
import { formatNatRule } from '../ipfilter/print-nat.ts';
import { ipfOf } from '../ipfilter/stack.ts';
import { zonePath } from '../kernel/zone-files.ts';

const USAGE = 'Usage: ipnat [-CdFhlnrRsv] [-f filename] [-G|-z zonename]\n';
const WORDS: Readonly<Record<number, string>> = {
  2: 'No such file or directory',
  3: 'No such process',
  17: 'File exists',
  22: 'Invalid argument',
};

interface Options {
  readonly letters: ReadonlySet<string>;
  readonly file?: string;
  readonly zone?: string;
}

/**
 * Options are collected first; then it flushes, loads and lists, whatever their order. Only a syntax error and a wrong option exit 1,
 * and everything but -n while ipfilter is not enabled (illumos's driver answers its NAT device with EIO then).
 */
export const ipnat: Program = async (call, lab) => {
  const options = readOptions(call.args);
  if (options === undefined) {
    call.err(USAGE);
    return 1;
  }
  const { letters, file, zone } = options;
  if (zone !== undefined) {
    if (lab.zones.get(zone)?.state !== 'running') {
      call.err(`Could not find running zone: ${zone}\n`);
      return 1;
    }
    throw new NotModelled(`ipnat on the zone ${zone} from outside`);
  }
  refuseWhatIsNotModelled(letters);
  const dry = letters.has('n');
  if (!dry && !ipfOf(call.zone).enabled) {
    call.err('ioctl(SIOCGNATS): I/O error\n');
    return 1;
  }
  if (!dry) await flush(call, lab, letters);
  if (file !== undefined && (await load(call, lab, file, letters)) === 1) return 1;
  if (letters.has('s')) await printCounts(call, lab);
  if (letters.has('l')) await printLists(call, lab, letters);
  return 0;
};

function readOptions(args: readonly string[]): Options | undefined {
  const letters = new Set<string>();
  const values = new Map<string, string>();
  const left = [...args];
  for (let word = left.shift(); word?.startsWith('-') && word !== '-' && word !== '--'; word = left.shift()) {
    for (let at = 1; at < word.length; at += 1) {
      const letter = word.charAt(at);
      if (!'CdFfGhlnrRsvz'.includes(letter)) return undefined;
      letters.add(letter);
      if (!'fGz'.includes(letter)) continue;
      const value = at + 1 < word.length ? word.slice(at + 1) : left.shift();
      if (value === undefined) return undefined;
      values.set(letter, value);
      break;
    }
  }
  const file = values.get('f');
  const zone = values.get('z') ?? values.get('G');
  return { letters, ...(file === undefined ? {} : { file }), ...(zone === undefined ? {} : { zone }) };
}

function refuseWhatIsNotModelled(letters: ReadonlySet<string>): void {
  for (const letter of 'dh') if (letters.has(letter)) throw new NotModelled(`ipnat -${letter}`);
  if (letters.has('v') && (letters.has('l') || letters.has('s'))) throw new NotModelled('ipnat -v with -l or -s');
  if (!letters.has('n')) return;
  for (const letter of 'CFls') if (letters.has(letter)) throw new NotModelled(`ipnat -n with -${letter}`);
}

async function flush(call: Call, lab: Lab, letters: ReadonlySet<string>): Promise<void> {
  if (letters.has('F')) {
    call.out(`${await flushSessions(lab, call.zone)} entries flushed from NAT table\n`);
  }
  if (letters.has('C')) {
    const { rules } = natOf(call.zone);
    const gone = rules.splice(0);
    if (gone.length > 0) await loadNat(lab, call.zone);
    call.out(`${gone.length} entries flushed from NAT list\n`);
  }
}

/** Rules before a syntax error stay. Answers the exit status. */
async function load(call: Call, lab: Lab, name: string, letters: ReadonlySet<string>): Promise<0 | 1> {
  const file = await readRules(call, name);
  if (file === undefined) return 0;
  const stack = natOf(call.zone);
  const rules = [...stack.rules];
  const change = letters.has('r') ? removeNatRule : addNatRule;
  const doing = letters.has('r') ? 'delete' : 'add/insert';
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const sink = {
    rule(rule: NatRule, line: number) {
      if (letters.has('v')) call.out(latin1(`${formatNatRule(rule, letters.has('R'))}\n`));
      if (letters.has('n')) return;
      const errno = change(rules, rule);
      if (errno !== 0) call.err(`${line}:ioctl(${doing} nat rule): ${WORDS[errno]}\n`);
    },
    warn: (line: string) => call.err(`${latin1(line).toString()}\n`),
  };
  let status: 0 | 1 = 0;
  try {
    parseNatFile(file, sink);
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    call.err(`${latin1(error.message).toString()}\n`);
    status = 1;
  }
  if (letters.has('n')) return status;
  const before = stack.rules.splice(0, Number.POSITIVE_INFINITY, ...rules);
  try {
    await loadNat(lab, call.zone);
  } catch (error) {
    stack.rules.splice(0, Number.POSITIVE_INFINITY, ...before);
    throw error;
  }
  return status;
}

async function readRules(call: Call, name: string): Promise<Buffer | undefined> {
  if (name === '-') return call.stdin();
  try {
    return readFileSync(zonePath(call.zone, name, call.cwd));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    call.err(`fopen(${name}) failed: No such file or directory\n`);
    return undefined;
  }
}

async function printCounts(call: Call, lab: Lab): Promise<void> {
  const { mappedIn, mappedOut, added } = await readCounts(lab, call.zone);
  const { rules, flushed } = natOf(call.zone);
  const inUse = (await readSessions(lab, call.zone)).length;
  call.out(`mapped\tin\t${mappedIn}\tout\t${mappedOut}\n`);
  call.out(`added\t${added}\texpired\t${Math.max(added - inUse - flushed, 0)}\n`);
  call.out(`no memory\t0\tbad nat\t0\ninuse\t${inUse}\norphans\t0\nrules\t${rules.length}\nwilds\t0\n`);
}

async function printLists(call: Call, lab: Lab, letters: ReadonlySet<string>): Promise<void> {
  call.out('List of active MAP/Redirect filters:\n');
  for (const rule of natOf(call.zone).rules) {
    call.out(Buffer.from(`${formatNatRule(rule, letters.has('R'))}\n`, 'latin1'));
  }
  call.out('\nList of active sessions:\n');
  for (const session of await readSessions(lab, call.zone)) call.out(`${formatSession(session)}\n`);
}
