import { createRecorder } from '../host/history.ts';
import type { Host } from '../host/host.ts';
import { type Command, formatCommand } from '../illumos/command.ts';
import { HISTORY_FILE, VOLATILE } from '../plan/host-paths.ts';
import { appendLines } from '../system/append.ts';
import { atMost } from '../system/at-most.ts';
import { DEFAULT_TIMEOUT_SECONDS } from '../system/environment.ts';
import { acquireLock } from '../system/lock.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { createProcessTable } from '../system/process-table.ts';
import { runWithSpawn } from '../system/run-spawn.ts';
import type { Progress } from './progress.ts';

/** Seconds to wait for a lock that another znetadm holds. */
const WAIT_SECONDS = 60;

/** Programs that run beside each other: each takes six file descriptors, and a thousand zones may be asked about. */
const AT_ONCE = 32;

/** About ten thousand lines. */
const HISTORY_BYTES = 1 << 20;

/** The host as it is: its programs, files, processes and locks. */
export function createNodeHost(progress: Progress, args: readonly string[]): Host {
  const processes = createProcessTable();
  const command = formatCommand({ program: 'znetadm', args });
  const record = createRecorder(
    { user: callerOf(process.env, process.getuid?.()), command },
    () => new Date(),
    (lines) => appendLines(HISTORY_FILE, lines, HISTORY_BYTES),
  );
  return {
    system: createNodeSystem({
      run: atMost(AT_ONCE, async (command: Command) => {
        // Loading execa takes longer than most programs do (docs/decisions/0002).
        if ((command.timeoutSeconds ?? 0) <= DEFAULT_TIMEOUT_SECONDS) return await runWithSpawn(command);
        return (await import('../system/run-execa.ts')).runWithExeca(command);
      }),
      log: (line) => progress.log(line),
    }),
    lock: (name, waitSeconds = WAIT_SECONDS) =>
      acquireLock(`${VOLATILE}/lock/${name}`, { processes, waitMilliseconds: waitSeconds * 1000 }),
    newId: () => process.getBuiltinModule('node:crypto').randomUUID(),
    progress(step) {
      record(step);
      progress.step(step);
    },
  };
}

/** Who called: sudo names the caller, su, pfexec and a login leave LOGNAME as it is. */
function callerOf(environment: NodeJS.ProcessEnv, uid: number | undefined): string {
  return environment['SUDO_USER'] ?? environment['LOGNAME'] ?? environment['USER'] ?? `uid ${uid}`;
}
