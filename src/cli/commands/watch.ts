import { createWatch } from '../../host/watch.ts';
import type { CliCommand, Context } from '../command.ts';

export const watchCommand: CliCommand = {
  configure(command, act) {
    command
      .option('-1, --once', 'look at all zones once, and end')
      .action(({ once }: { once?: true }) => act((context) => run(once === true, context)));
  },
};

async function run(once: boolean, { host }: Context): Promise<void> {
  const stop = stopSignal();
  const watch = createWatch(host);
  if (once) {
    await watch.look();
    return;
  }
  host.system.log('watching zones boot');
  while (!stop.aborted) await pause(await watch.look(), stop);
  host.system.log('told to end');
}

/** SIGTERM is how SMF ends a service, SIGINT how a person does. What is being done is done first. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

/** Ends at once when told to, so that no timer keeps the process. */
function pause(seconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    stop.addEventListener('abort', end);
  });
}
