// Starts a bench in mount namespaces, where some directories of the machine are its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Empty ones in the place of the machine's, and one whose files lie over the machine's. */
const OWN = ['etc', 'var', 'usr/sbin'];
const OVER = 'usr/bin';

/**
 * Runs the bench of a section on a machine in `directory`, which is made anew and removed. `build` is where the software was
 * built.
 */
export function benchInNamespaces(section: string, build: string, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  for (const name of [...OWN, OVER, 'over-work', 'opt']) mkdirSync(join(directory, name), { recursive: true });
  cpSync(join(build, 'opt'), join(directory, 'opt'), { recursive: true });
  const program = join(build, `bench-modules/bench/${section}/main.mjs`);
  const mounts = [
    ...[...OWN, 'opt'].map((name) => `mount --bind "$0/${name}" /${name}`),
    `mount -t overlay -o "lowerdir=/${OVER},upperdir=$0/${OVER},workdir=$0/over-work" none /${OVER}`,
  ];
  const script = `set -e\n${mounts.join('\n')}\nmkdir /var/run\nexec "$1" "$2"`;
  try {
    const { status } = spawnSync(
      'unshare',
      ['--user', '--map-root-user', '--mount', '/bin/sh', '-c', script, directory, process.execPath, program],
      { stdio: 'inherit', env: { PATH: '/usr/sbin:/usr/bin:/bin' } },
    );
    if (status !== 0) throw new Error(`the bench "${section}" ended with status ${status}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
