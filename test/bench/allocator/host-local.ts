// Beside znetadm: host-local, the allocator of addresses that CNI brings along (Debian: containernetworking-plugins).
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { median } from '../measure.ts';
import { timed } from '../run.ts';

const PLUGIN = '/usr/lib/cni/host-local';
const DATA = '/var/cni';
const NETWORK = `${DATA}/bench`;

const config = JSON.stringify({
  cniVersion: '0.4.0',
  name: 'bench',
  type: 'bridge',
  ipam: { type: 'host-local', dataDir: DATA, ranges: [[{ subnet: '10.0.0.0/16' }]] },
});

export const hasHostLocal = () => existsSync(PLUGIN);

/** Leases as it keeps them: one file an address, the owner in it. */
export function fillLeases(count: number): void {
  rmSync(DATA, { recursive: true, force: true });
  mkdirSync(NETWORK, { recursive: true });
  for (let number = 2; number < count + 2; number++) {
    writeFileSync(`${NETWORK}/10.0.${number >> 8}.${number & 255}`, `filled${number}\r\neth0`);
  }
  if (count > 0) writeFileSync(`${NETWORK}/last_reserved_ip.0`, `10.0.${(count + 1) >> 8}.${(count + 1) & 255}`);
}

/** Asks for an address, and kills the plugin after so many milliseconds. Undefined: it gave no answer. */
export function allocate(owner: string, killAfter?: number): Promise<string | undefined> {
  const child = spawn(PLUGIN, [], {
    env: { CNI_COMMAND: 'ADD', CNI_CONTAINERID: owner, CNI_NETNS: '/n', CNI_IFNAME: 'eth0', CNI_PATH: '/usr/lib/cni' },
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(config);
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      clearTimeout(timer);
      resolve(status === 0 ? /"address": "([0-9.]+)\//.exec(stdout)?.[1] : undefined);
    });
  });
}

/** Milliseconds of one allocation, and of a hundred at once. */
export async function timeHostLocal(leases: number): Promise<{ readonly one: number; readonly hundred: number }> {
  fillLeases(leases);
  const times: number[] = [];
  for (let round = 0; round < 15; round++) times.push(await timed(() => allocate(`one${round}`)));
  const owners = Array.from({ length: 100 }, (_, number) => `many${number}`);
  return { one: median(times), hundred: await timed(() => Promise.all(owners.map((owner) => allocate(owner)))) };
}

/** What is wrong after so many runs that were killed at some moment of their life. */
export interface Damage {
  readonly killed: number;
  /** Somebody was told of an address that is not kept. */
  readonly lost: number;
  /** Two have the same address. */
  readonly duplicate: number;
  /** Kept for somebody who was never told. */
  readonly ownerless: number;
}

export async function killHostLocal(runs: number, random: () => number): Promise<Damage> {
  fillLeases(0);
  const usual = (await timeHostLocal(0)).one;
  fillLeases(0);
  const told = new Map<string, string>();
  for (let run = 0; run < runs; run++) {
    const address = await allocate(`run${run}`, 1 + random() * usual);
    if (address !== undefined) told.set(`run${run}`, address);
  }
  const kept = new Map(
    readdirSync(NETWORK)
      .filter((name) => /^10\./.test(name))
      .map((name) => [name, readFileSync(`${NETWORK}/${name}`, 'utf8').split('\r\n')[0] ?? '']),
  );
  return {
    killed: runs - told.size,
    lost: [...told].filter(([owner, address]) => kept.get(address) !== owner).length,
    duplicate: told.size - new Set(told.values()).size,
    ownerless: [...kept].filter(([address, owner]) => told.get(owner) !== address).length,
  };
}
