import type { Host } from './host.ts';

/**
 * Does something; when it fails, takes back what is there of it, and fails with the first error. When taking back fails as well, that is logged with the command that finishes it: the record still tells what
 * may be there.
 */
export async function undoing(
  work: () => Promise<void>,
  takeBack: () => Promise<void>,
  finish: string,
  host: Host,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    try {
      await takeBack();
    } catch (second) {
      const why = second instanceof Error ? second.message : String(second);
      host.system.log(`Taking back what was made failed too: ${why}\n  to finish it: znetadm ${finish}`);
    }
    throw error;
  }
}
