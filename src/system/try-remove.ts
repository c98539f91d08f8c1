import { rmSync } from 'node:fs';

/** Takes a file away if that can be; not being able to is nobody's concern. */
export function tryRemove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Not ours, or the file system takes nothing.
  }
}
