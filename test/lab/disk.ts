// A disk that is full: a directory gets a file system of its own, as a data set with a quota is, and that is filled.
import type { createPrograms } from './programs.ts';

const FILLER = '.filler';

/** Directories of a zone on file systems of their own. */
export function createDisks({ mustRun }: Pick<ReturnType<typeof createPrograms>, 'mustRun'>) {
  const inShell = (zone: string, script: string, ...words: readonly string[]) =>
    mustRun(['/bin/sh', '-ec', script, ...words], { zone });

  return {
    /**
     * Puts a file system with so much room over a directory of a running zone. What was in the directory is copied; a zone
     * that has mounted something of it already goes on with what it has, so this comes first.
     */
    async ownDisk(directory: string, kilobytes: number, zone = 'global'): Promise<void> {
      const script =
        'mkdir -p "$0" /tmp/disk && cp -a "$0"/. /tmp/disk && mount -t tmpfs -o "mode=755,size=$1k" tmpfs "$0"; cp -a /tmp/disk/. "$0"; rm -r /tmp/disk';
      await inShell(zone, script, directory, String(kilobytes));
    },
    /** Fills the file system of a directory but for so much: then writing fails with ENOSPC. A small file takes 4 KB. */
    async fillDisk(directory: string, leaveKilobytes = 0, zone = 'global'): Promise<void> {
      const script = `rm -f "$0/${FILLER}"
free=$(stat -f -c '%a %S' "$0" | { read blocks size; echo $((blocks * size / 1024 - $1)); })
test "$free" -ge 0 && head -c "$free"k /dev/zero > "$0/${FILLER}"`;
      await inShell(zone, script, directory, String(leaveKilobytes));
    },
    /** Makes room again. */
    async freeDisk(directory: string, zone = 'global'): Promise<void> {
      await mustRun(['/bin/rm', '-f', `${directory}/${FILLER}`], { zone });
    },
  };
}
