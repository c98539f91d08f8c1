// Starts the allocator's bench in mount namespaces, where /etc, /var, /opt and /usr/sbin are directories of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const OWN = ['etc', 'var', 'usr/sbin'];

/** Runs the bench on a host in `directory`, which is made anew and removed. `build` is where the software was built. */
export function benchAllocator(build: string, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  for (const name of [...OWN, 'opt']) mkdirSync(join(directory, name), { recursive: true });
  cpSync(join(build, 'opt'), join(directory, 'opt'), { recursive: true });
  const program = join(build, 'bench-modules/bench/allocator/main.mjs');
  const mounts = [...OWN, 'opt'].map((name) => `mount --bind "$0/${name}" /${name}`);
  const script = `set -e\n${mounts.join('\n')}\nmkdir /var/run\nexec "$1" "$2"`;
  try {
    const { status } = spawnSync(
      'unshare',
      ['--user', '--map-root-user', '--mount', '/bin/sh', '-c', script, directory, process.execPath, program],
      { stdio: 'inherit', env: { PATH: '/usr/sbin:/usr/bin:/bin' } },
    );
    if (status !== 0) throw new Error(`the allocator's bench ended with status ${status}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
