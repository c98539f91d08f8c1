// The allocator's own time, on a host whose programs only keep lists (canned-host.ts). Started by ../in-namespaces.ts.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../measure.ts';
import { runProgram, timed } from '../run.ts';
import { reportBeside, reportKills } from './beside.ts';
import { callsOf, canHost, forgetZone, puttingBack } from './canned-host.ts';
import { reportLibrary } from './library.ts';

const ZNETADM = '/opt/zonenet/bin/znetadm';
const NODE = process.execPath;
const ROUNDS = 9;

/** Programs at once, as znetadm connects zones. */
const FEW = 4;

/** Milliseconds: a record that was written just now is read anew by every command (docs/decisions/0016); those of zones that are there are old. */
const SETTLED = 2500;

/** How `check` ends when something is not as recorded. */
const DRIFT = 6;

/** How many are killed. */
const RUNS = 600;

/** Zones there are already. Each network has a thousand, behind a proxy of its own. */
const SIZES = [10, 100, 1000, 8000];
const PER_NETWORK = 1000;

/** Beside how many zones of ours host-local is timed, and how many leases it then has. */
const LEASES = new Map([
  [10, 0],
  [1000, 1000],
  [8000, 10_000],
]);

const print = (text: string) => process.stdout.write(text);
const znetadm = (...args: readonly string[]) => runProgram([ZNETADM, ...args]);
const ms = (value: number) => `${value.toFixed(1).padStart(8)} ms`;

/** What a command costs, and what it cannot cost less than. */
interface Cost {
  readonly command: number;
  /** An empty node. */
  readonly node: number;
  /** The same programs, called by a shell. */
  readonly programs: number;
  /** The same programs, called by an otherwise empty Node, with its own start. */
  readonly byNode: number;
  /** One file written, synced, renamed, its directory synced. */
  readonly write: number;
  /** The command lines of the programs. */
  readonly calls: readonly string[];
}

const beyond = ({ command, node, programs, write }: Cost) => command - node - programs - write;

/** What is left when the programs are started by Node too: starting one costs it three times what it costs a shell. */
const beyondNode = ({ command, byNode, write }: Cost) => command - byNode - write;

function report(what: string, cost: Cost, allowed: number): void {
  const { command, node, programs, write, calls } = cost;
  const own = beyond(cost);
  const floor = node + programs + write;
  print(
    `${what.padEnd(44)}${ms(command)}   N ${ms(node)}   ${String(calls.length).padStart(4)} programs ${ms(programs)}   F ${ms(write)}   beyond ${ms(own)} (${allowed} allowed), beyond a Node that calls them ${ms(beyondNode(cost))}   ratio ${(command / floor).toFixed(2)}\n`,
  );
}

async function syncedWrite(): Promise<void> {
  const handle = await open('/etc/zonenet/.bench', 'w');
  await handle.writeFile('x'.repeat(500));
  await handle.sync();
  await handle.close();
  await rename('/etc/zonenet/.bench', '/etc/zonenet/bench');
  const directory = await open('/etc/zonenet', 'r');
  await directory.sync();
  await directory.close();
  rmSync('/etc/zonenet/bench');
}

/** Medians of runs that take turns with their floors; `undo` puts things back after each. */
async function costOf(args: readonly string[], undo: () => Promise<unknown>, rounds = ROUNDS): Promise<Cost> {
  const run = () => znetadm(...args);
  await run();
  await undo();
  const calls = await callsOf(async () => void (await run()));
  await undo();
  writeFileSync('/var/floor.sh', `#!/bin/sh\n${calls.map((call) => `${call} >/dev/null\n`).join('')}`, { mode: 0o755 });
  writeFileSync('/var/floor.cjs', callingNode(calls));
  const times: Record<'command' | 'node' | 'programs' | 'byNode' | 'write', number[]> = {
    command: [],
    node: [],
    programs: [],
    byNode: [],
    write: [],
  };
  for (let round = 0; round < rounds; round++) {
    times.command.push(await timed(run));
    await undo();
    times.node.push(await timed(() => runProgram([NODE, '-e', '0'])));
    await withDrafts(calls, async () => {
      await puttingBack(
        async () => void times.programs.push(await timed(() => runProgram(['/bin/sh', '/var/floor.sh']))),
      );
      await puttingBack(async () => void times.byNode.push(await timed(() => runProgram([NODE, '/var/floor.cjs']))));
    });
    times.write.push(await timed(syncedWrite));
  }
  return {
    command: median(times.command),
    node: median(times.node),
    programs: median(times.programs),
    byNode: median(times.byNode),
    write: median(times.write),
    calls,
  };
}

/** Does something while there are the files that znetadm had for zonecfg to read. */
async function withDrafts(calls: readonly string[], work: () => Promise<void>): Promise<void> {
  const drafts = calls.flatMap((call) => / -f (\S+)$/.exec(call)?.[1] ?? []);
  for (const file of drafts) writeFileSync(file, 'create -b\n');
  await work();
  for (const file of drafts) rmSync(file);
}

/**
 * What no program in Node can do better, whatever else it does in no time: two empty ones that do nothing but call the programs, each
 * a few at once.
 */
async function reportNodes({ calls, programs }: Cost, allowed: number, rounds: number): Promise<void> {
  const halves = [0, 1].map((half) => {
    const file = `/var/floor-${half}.cjs`;
    writeFileSync(file, callingNode(calls.filter((_, at) => at % 2 === half)));
    return file;
  });
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const run = () => Promise.all(halves.map((file) => runProgram([NODE, file, `${FEW}`])));
    await withDrafts(calls, () => puttingBack(async () => void times.push(await timed(run))));
  }
  const took = median(times);
  print(
    `${`  these by two empty Nodes, ${FEW} at once each`.padEnd(44)}${ms(took)}   beyond the shell ${(took - programs).toFixed(1)} (${allowed} allowed)\n`,
  );
}

/** A Node that calls programs one after the other, or as many at once as it is told, and waits for their output. */
function callingNode(calls: readonly string[]): string {
  return `const { spawn } = require('node:child_process');
const run = ([program, ...args]) => new Promise((resolve) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin' } });
  child.stdout.on('data', () => undefined);
  child.stderr.on('data', () => undefined);
  child.on('close', resolve);
});
const calls = ${JSON.stringify(calls.map((call) => call.split(' ')))};
const worker = async () => { for (let call = calls.shift(); call !== undefined; call = calls.shift()) await run(call); };
for (let count = Number(process.argv[2] ?? 1); count > 0; count--) worker();
`;
}

async function fill(from: number, to: number): Promise<void> {
  for (let at = from; at < to; ) {
    const network = `net${Math.floor(at / PER_NETWORK)}`;
    if (at % PER_NETWORK === 0) {
      await znetadm('create-network', '-a', `10.${Math.floor(at / PER_NETWORK)}.0.0/21`, network);
      await znetadm('create-zone', '--no-install', '-R', network, '-x', 'e1000g0=dhcp', `proxy-${network}`);
    }
    const count = Math.min(to - at, PER_NETWORK - (at % PER_NETWORK));
    await znetadm('create-zone', '--no-install', '-N', network, '-c', `${count}`, '--first', `${at}`, 'web');
    at += count;
  }
}

/** Megabytes that commands take at their most. */
async function reportMemory(size: number): Promise<void> {
  const preload = '/var/most.cjs';
  writeFileSync(
    preload,
    `process.on('exit', () => require('fs').writeFileSync('/var/most', String(process.resourceUsage().maxRSS)));`,
  );
  // As bin/znetadm starts them.
  const small = ['--max-semi-space-size=4', '--heap-growing-percent=50'];
  const measure = async (what: string, flags: readonly string[], ...args: readonly string[]) => {
    // What is not as recorded is a status of its own.
    await runProgram([NODE, ...flags, '-r', preload, '/opt/zonenet/lib/start-znetadm.cjs', ...args], [0, DRIFT]);
    const most = Number(readFileSync('/var/most', 'utf8')) / 1024;
    print(`${`memory of ${what} at ${size} zones`.padEnd(44)}${most.toFixed(0).padStart(8)} MB (120 allowed)\n`);
  };
  await measure('create-zone', [], 'create-zone', '-n', '-N', 'net0', 'new');
  await measure('show-zone', small, 'show-zone', '-p', '-o', 'zone');
  await measure('check', small, 'check');
  // As an upgrade leaves it: every boot is to be planned anew.
  writeFileSync('/opt/zonenet/lib/edition', 'another\n');
  await measure('check, all boots stale,', small, 'check');
}

/** A thousand zones in one command, beside those that are there. */
async function reportThousand(): Promise<void> {
  await znetadm('create-network', '-a', '10.200.0.0/21', 'many');
  const create = ['create-zone', '--no-install', '-N', 'many', '-c', '1000', 'many'];
  const remove = async () => {
    for (let number = 1; number <= 1000; number++) forgetZone(`many${number}`);
  };
  const cost = await costOf(create, remove, 3);
  report('create-zone of 1000 zones in one command', cost, 150);
  await reportNodes(cost, 150, 3);
  await znetadm('delete-network', 'many');
}

async function bench(): Promise<void> {
  canHost();
  await znetadm('create-network', '-a', '10.100.0.0/16', 'kills');
  await reportKills(RUNS, 'kills');
  const created: number[] = [];
  let have = 0;
  for (const size of SIZES) {
    await fill(have, size);
    await delay(SETTLED);
    have = size;
    const cost = await costOf(['create-zone', '--no-install', '-N', 'net0', 'new'], () =>
      znetadm('delete-zone', 'new'),
    );
    created.push(cost.command);
    report(`create-zone beside ${size} zones`, cost, 25);
    const leases = LEASES.get(size);
    if (leases !== undefined) await reportBeside(size, leases, 'net0');
    if (size === 1000) {
      for (const args of [['check'], ['sync']])
        report(`${args[0]}, ${size} zones in order`, await costOf(args, async () => undefined), 250);
    }
  }
  reportLibrary([0, 1000, 10_000], print);
  await reportThousand();
  await reportMemory(have);
  const [least = 1] = created;
  print(
    `growth of create-zone: ${created.map((time, index) => `${SIZES[index]}: ${(time / least).toFixed(2)}`).join('  ')} (1.5 allowed)\n`,
  );
}

await bench();
