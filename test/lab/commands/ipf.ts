// ipf(8): enables the filter, loads, removes, flushes and swaps its rules (§7.2, §11.9). Options act as they are read.
import { readFileSync } from 'node:fs';
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import { decode } from '../ipfilter/load.ts';
import { createSession, type ParseSession, parseFilter } from '../ipfilter/parse-filter.ts';
import { printRule } from '../ipfilter/print-filter.ts';
import type { Family, FilterRule } from '../ipfilter/rule.ts';
import { addRule, removeRule } from '../ipfilter/rule-set.ts';
import {
  applyFilter,
  disableIpf,
  enableIpf,
  flushFilter,
  flushStates,
  ipfOf,
  setOf,
  swapSets,
} from '../ipfilter/stack.ts';
import { zonePath } from '../kernel/zone-files.ts';

const USAGE =
  'usage: ipf [-6AdDEGInoPrRsvVyzZ] [-l block|pass|nomatch|state|nat] [-cc] [-F i|o|a|s|S|u] [-f filename] [-T <tuneopts>] [zonename]\n';
const LETTERS = '6AdDEGInoPrRsvVyzZ';
const WITH_VALUE = 'cfFlT';
const NOT_MODELLED = 'dPRVzZclTG';
/** How a shell sees a program that died of a null pointer. */
const SEGMENTATION_FAULT = 139;
const IN = 0x8000;
const OUT = 0x4000;
const INACTIVE = 0x40000000;

/** Texts of the errno that loading a rule may give (§0.2). */
const ERRNO_TEXTS: Readonly<Record<number, string>> = {
  3: 'No such process',
  17: 'File exists',
  22: 'Invalid argument',
};

interface Option {
  readonly letter: string;
  readonly value: string;
}

interface Run {
  readonly call: Call;
  readonly lab: Lab;
  readonly session: ParseSession;
  family: Family;
  dry: boolean;
  inactive: boolean;
  remove: boolean;
  verbose: boolean;
}

/** Only a syntax error and a wrong option exit 1; what the engine refuses is said and exits 0 (§7.2). */
export const ipf: Program = async (call, lab) => {
  const options = readOptions(call);
  if (options === undefined) return 1;
  const run: Run = {
    call,
    lab,
    session: createSession(),
    family: 'ipv4',
    dry: false,
    inactive: false,
    remove: false,
    verbose: false,
  };
  for (const option of options) {
    const status = await act(run, option);
    if (status !== undefined) return status;
  }
  return 0;
};

/** The options, before any of them acts: a zone's name at the end and -G are looked for first. undefined: wrong usage, told. */
function readOptions({ args, zone: _, err, ...call }: Call): readonly Option[] | undefined {
  const usage = (text = ''): undefined => {
    err(`${text}${USAGE}`);
    return undefined;
  };
  const options: Option[] = [];
  const rest = [...args];
  for (let word = rest[0]; word?.startsWith('-') === true && word !== '-'; word = rest[0]) {
    rest.shift();
    if (word === '--') break;
    for (let at = 1; at < word.length; at += 1) {
      const letter = word.charAt(at);
      if (LETTERS.includes(letter)) {
        options.push({ letter, value: '' });
        continue;
      }
      if (!WITH_VALUE.includes(letter)) return usage(`${call.program}: illegal option -- ${letter}\n`);
      const value = at + 1 < word.length ? word.slice(at + 1) : rest.shift();
      if (value === undefined) return usage(`${call.program}: option requires an argument -- ${letter}\n`);
      options.push({ letter, value });
      break;
    }
  }
  if (rest.length > 0) throw new NotModelled(`ipf on the zone ${rest.join(' ')} from outside`);
  return options.length === 0 ? usage() : options;
}

/** Does what one option says; a number ends the run with that status. */
async function act(run: Run, { letter, value }: Option): Promise<number | undefined> {
  const { call, lab } = run;
  if (NOT_MODELLED.includes(letter)) throw new NotModelled(`ipf -${letter}`);
  switch (letter) {
    case '6':
      run.family = 'ipv6';
      return undefined;
    case 'A':
      run.inactive = false;
      return undefined;
    case 'I':
      run.inactive = !run.inactive;
      return undefined;
    case 'n':
      run.dry = !run.dry;
      return undefined;
    case 'r':
      run.remove = !run.remove;
      return undefined;
    case 'v':
      run.verbose = true;
      return undefined;
    case 'E':
      if (!run.dry && !(await enableIpf(lab, call.zone))) call.err('IP FIlter: already initialized\n');
      return undefined;
    case 'D':
      if (!run.dry) await disableIpf(lab, call.zone);
      return undefined;
    case 's':
      await swap(run);
      return undefined;
    case 'y':
      if (!run.dry) await applyFilter(lab, call.zone);
      call.out("filter sync'd\n");
      return undefined;
    case 'F':
      return flush(run, value);
    case 'f':
      return load(run, value);
    default:
      return undefined;
  }
}

async function swap({ call, lab, dry }: Run): Promise<void> {
  if (dry) throw new NotModelled('ipf -n with -s');
  requireEnabled(call, '-s');
  call.out(`Set ${await swapSets(lab, call.zone)} now inactive\n`);
}

/** What illumos does to rules of a stack that is not enabled is not known. */
function requireEnabled(call: Call, option: string): void {
  if (!ipfOf(call.zone).enabled) throw new NotModelled(`ipf ${option} while the filter is not enabled`);
}

/** i, o, a: rules; S: all states; s: those that are closing. -Fa does not touch states (§7.2). */
async function flush(run: Run, what: string): Promise<number | undefined> {
  const { call, lab } = run;
  if (what === '') return undefined;
  if (what === 'u') throw new NotModelled('ipf -Fu');
  if (run.dry) return 1;
  requireEnabled(call, '-F');
  if (what === 'S' || what === 's') {
    if (what === 's') throw new NotModelled('ipf -Fs');
    if (run.verbose) throw new NotModelled('ipf -v with -FS');
    await flushStates(lab, call.zone, run.family);
    return undefined;
  }
  const has = (letter: string) => what.toLowerCase().includes(letter);
  // Of "io" only the later word of the program counts.
  const flags = has('a') ? IN | OUT : has('o') ? OUT : has('i') ? IN : 0;
  const directions = [...((flags & IN) !== 0 ? ['in' as const] : []), ...((flags & OUT) !== 0 ? ['out' as const] : [])];
  const removed = flushFilter(call.zone, run.family, directions, run.inactive);
  if (!run.inactive) await applyFilter(lab, call.zone);
  if (run.verbose) {
    const shown = `${(flags & IN) !== 0 ? 'I' : ''}${(flags & OUT) !== 0 ? 'O' : ''}`;
    call.out(`remove flags ${shown} (${flags | (run.inactive ? INACTIVE : 0)})\n`);
    call.out(`removed ${removed} filter rules\n`);
  }
  return undefined;
}

/** Rules before a syntax error are loaded; a file that is not there is no failure (§7.2). */
async function load(run: Run, name: string): Promise<number | undefined> {
  const { call, lab } = run;
  const file = await readRules(call, name);
  if (file === undefined) return undefined;
  const set = setOf(call.zone, run.inactive);
  const ending = parseFilter(run.session, file, run.family, {
    rule(rule, line) {
      if (run.verbose) call.out(`${decode(printRule(rule))}\n`);
      change(run, rule, line);
    },
    table(lines) {
      if (!run.dry) throw new NotModelled('a pool written in a rule');
      if (run.verbose) call.out(`${lines.join('\n')}\n`);
    },
    loopback(on) {
      if (on && !run.dry) throw new NotModelled('set intercept_loopback true');
    },
    warn: (line) => call.err(`${decode(line)}\n`),
  });
  if (!run.dry && set === setOf(call.zone, false)) await applyFilter(lab, call.zone);
  if (ending === 'done') return undefined;
  return ending === 'syntax' ? 1 : SEGMENTATION_FAULT;
}

function change(run: Run, rule: FilterRule, line: number): void {
  const { call } = run;
  if (run.dry) {
    // illumos asks a device it did not open, and tells of it only when it was to do nothing.
    if (run.remove) call.err(`${line}:ioctl(delete rule): Bad file number\n`);
    return;
  }
  requireEnabled(call, '-f');
  const set = setOf(call.zone, run.inactive);
  if (run.remove) {
    removeRule(set, rule);
    return;
  }
  const errno = addRule(set, rule);
  if (errno !== 0) call.err(`${line}:ioctl(add/insert rule): ${ERRNO_TEXTS[errno]}\n`);
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
