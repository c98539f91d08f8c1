import { randomUUID } from 'node:crypto';
import type { Host } from '../host/host.ts';
import { VOLATILE } from '../plan/host-paths.ts';
import { acquireLock } from '../system/lock.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { createProcessTable } from '../system/process-table.ts';
import { runWithSpawn } from '../system/run-spawn.ts';
import type { Progress } from './progress.ts';

/** Seconds to wait for a lock that another znetadm holds. */
const WAIT_SECONDS = 60;

/** The host as it is: its programs, files, processes and locks. `light` for commands that mostly ask. */
export function createNodeHost(progress: Progress, light: boolean): Host {
  const processes = createProcessTable();
  return {
    system: createNodeSystem({
      run: async (command) => {
        // Loading execa takes longer than answering does, and memory for as long as a watch runs (docs/decisions/0002).
        if (light) return await runWithSpawn(command);
        return (await import('../system/run-execa.ts')).runWithExeca(command);
      },
      log: (line) => progress.log(line),
    }),
    lock: (name, waitSeconds = WAIT_SECONDS) =>
      acquireLock(`${VOLATILE}/lock/${name}`, { processes, waitMilliseconds: waitSeconds * 1000 }),
    newId: randomUUID,
    progress: (step) => progress.step(step),
  };
}
