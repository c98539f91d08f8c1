// The boot method: what src/zone/zonenet.sh starts Node with.
import { OperatorError } from '../domain/errors.ts';
import { exitStatusOf, SMF_EXIT } from '../illumos/smf.ts';
import { LOCK, METHODS, type Method } from '../plan/zone-paths.ts';
import { ask } from '../system/ask.ts';
import { acquireLock } from '../system/lock.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { printLine } from '../system/print-line.ts';
import { createProcessTable } from '../system/process-table.ts';
import { runWithSpawn } from '../system/run-spawn.ts';
import type { Occasion } from './apply.ts';
import { startForwarding } from './forward.ts';
import { describeError } from './report.ts';
import { setUp } from './set-up.ts';

const system = createNodeSystem({ run: runWithSpawn, log: (line) => printLine(`zonenet: ${line}`) });

/** Less than what SMF gives a method, so that it is told why. */
const LOCK_MILLISECONDS = 50_000;

async function main(method: string | undefined): Promise<number> {
  if (process.getuid?.() !== 0) {
    throw new OperatorError('PRIVILEGE', 'Cannot configure the network: the method does not run as root');
  }
  // startd says which zone it is (§6.3); by hand one has to ask.
  const zone = process.env['SMF_ZONENAME'] ?? (await ask({ program: '/usr/bin/zonename', args: [] }, system)).trim();
  const known = METHODS.find((name) => name === method);
  if (known === undefined) {
    throw new OperatorError('USAGE', `Cannot run method "${method ?? ''}"`, {
      hint: `One of ${METHODS.join(', ')}`,
    });
  }
  // SMF runs methods of two services side by side, and a person may run one by hand: rules are proved and replaced in turn.
  const release = await acquireLock(LOCK, { processes: createProcessTable(), waitMilliseconds: LOCK_MILLISECONDS });
  try {
    return await WORK[known](zone);
  } finally {
    await release();
  }
}

const prepare = (occasion: Occasion) => (zone: string) =>
  setUp({ zone, occasion, now: Math.floor(Date.now() / 1000), system });

const WORK: Readonly<Record<Method, (zone: string) => Promise<number>>> = {
  start: prepare('start'),
  'ipv6-start': prepare('ipv6'),
  refresh: prepare('refresh'),
  'forwarding-start': (zone) => startForwarding(zone, system),
};

async function end(): Promise<void> {
  try {
    process.exitCode = await main(process.argv[2]);
  } catch (error) {
    if (error instanceof OperatorError) {
      for (const line of describeError(error)) system.log(line);
      process.exitCode = exitStatusOf(error.code);
    } else {
      system.log(`a bug of zonenet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      process.exitCode = SMF_EXIT.fatal;
    }
  }
}

void end();
