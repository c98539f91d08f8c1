// The boot method: what src/zone/zonenet.sh starts Node with.
import { OperatorError } from '../domain/errors.ts';
import { exitStatusOf, SMF_EXIT } from '../illumos/smf.ts';
import { ask } from '../system/ask.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { runWithSpawn } from '../system/run-spawn.ts';
import { startForwarding } from './forward.ts';
import { describeError } from './report.ts';
import { setUp } from './set-up.ts';

const system = createNodeSystem({ run: runWithSpawn, log: (line) => process.stdout.write(`zonenet: ${line}\n`) });

async function main(method: string | undefined): Promise<number> {
  if (process.getuid?.() !== 0) {
    throw new OperatorError('PRIVILEGE', 'Cannot configure the network: the method does not run as root');
  }
  // startd says which zone it is (§6.3); by hand one has to ask.
  const zone = process.env['SMF_ZONENAME'] ?? (await ask({ program: '/usr/bin/zonename', args: [] }, system)).trim();
  switch (method) {
    case 'start':
    case 'refresh':
      return await setUp({ zone, occasion: method, now: Math.floor(Date.now() / 1000), system });
    case 'forwarding-start':
      return await startForwarding(zone, system);
    default:
      throw new OperatorError('USAGE', `Cannot run method "${method ?? ''}"`, {
        hint: 'One of start, refresh, forwarding-start',
      });
  }
}

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
