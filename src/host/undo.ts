import type { HostPlan } from '../plan/host-step.ts';
import { carryOut, type Host } from './host.ts';

/**
 * Does something; when it fails, carries out the plan that takes back what is there of it, and fails with the first
 * error. When taking back fails as well, that is logged with the command that finishes it: the record still tells what
 * may be there.
 */
export async function undoing(
  work: () => Promise<void>,
  planUndo: () => Promise<HostPlan>,
  finish: string,
  host: Host,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    try {
      await carryOut(await planUndo(), host);
    } catch (second) {
      const why = second instanceof Error ? second.message : String(second);
      host.system.log(`Taking back what was made failed too: ${why}\n  to finish it: znetadm ${finish}`);
    }
    throw error;
  }
}
