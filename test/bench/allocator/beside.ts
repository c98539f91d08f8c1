// Allocations of addresses by znetadm beside those by host-local.
import { spawn } from 'node:child_process';
import { seededRandom } from '../../lab/daemon/faults.ts';
import { median } from '../measure.ts';
import { runProgram, timed } from '../run.ts';
import { forgetZone, listedNames } from './canned-host.ts';
import { type Damage, hasHostLocal, killHostLocal, timeHostLocal } from './host-local.ts';

const ZNETADM = '/opt/zonenet/bin/znetadm';
const print = (text: string) => process.stdout.write(text);

/** The same for znetadm: whole zones, with link and configuration, on a host that has so many. */
export async function timeZnetadm(network: string): Promise<{ readonly one: number; readonly hundred: number }> {
  const create = (name: string) => runProgram([ZNETADM, 'create-zone', '--no-install', '-N', network, name]);
  const remove = (name: string) => runProgram([ZNETADM, 'delete-zone', name]);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    times.push(await timed(() => create('one')));
    await remove('one');
  }
  const names = Array.from({ length: 100 }, (_, number) => `many${number}`);
  const hundred = await timed(() => Promise.all(names.map(create)));
  for (const name of names) forgetZone(name);
  await runProgram([ZNETADM, 'repair']);
  return { one: median(times), hundred };
}

/** One line of the table: a whole zone of ours beside an address of theirs. */
export async function reportBeside(zones: number, leases: number, network: string): Promise<void> {
  const ours = await timeZnetadm(network);
  const what = `a zone by znetadm beside ${zones}`.padEnd(44);
  print(`${what}${ours.one.toFixed(1).padStart(8)} ms   100 at once ${ours.hundred.toFixed(0).padStart(6)} ms\n`);
  if (!hasHostLocal()) return skipped();
  const theirs = await timeHostLocal(leases);
  const ratios = `ratios ${(ours.one / theirs.one).toFixed(1)} and ${(ours.hundred / theirs.hundred).toFixed(1)}`;
  print(
    `${`  an address by host-local beside ${leases}`.padEnd(44)}${theirs.one.toFixed(1).padStart(8)} ms   100 at once ${theirs.hundred.toFixed(0).padStart(6)} ms   ${ratios}\n`,
  );
}

function skipped(): void {
  print('  host-local: skipped, /usr/lib/cni/host-local is absent\n');
}

/** Runs that are killed at some moment of their life; ours are followed by one repair. */
export async function reportKills(runs: number, network: string): Promise<void> {
  const random = seededRandom(1);
  const report = (who: string, { killed, lost, duplicate, ownerless }: Damage) =>
    print(
      `${who.padEnd(44)}${killed} of ${runs} killed: ${lost} lost, ${duplicate} duplicate, ${ownerless} ownerless\n`,
    );
  report('kills: znetadm, then repair', await killZnetadm(runs, network, random));
  if (!hasHostLocal()) return skipped();
  report('kills: host-local', await killHostLocal(runs, random));
}

async function killZnetadm(runs: number, network: string, random: () => number): Promise<Damage> {
  const usual = (await timeZnetadm(network)).one;
  const told: string[] = [];
  for (let run = 0; run < runs; run++) {
    const child = spawn(ZNETADM, ['create-zone', '--no-install', '-N', network, `kill${run}`], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), random() * 1.3 * usual);
    const status = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(timer);
    if (status === 0) told.push(`kill${run}`);
  }
  await runProgram([ZNETADM, 'repair']);
  const rows = (await runProgram([ZNETADM, 'show-zone', '-p', '-o', 'zone,link,address'])).split('\n');
  const ours = rows.flatMap((row) => (row.startsWith('kill') ? [row.split(':')] : []));
  const [links, zones] = [listedNames('links', 0), listedNames('zones', 1)];
  const recorded = new Set(rows.map((row) => row.split(':')[1]));
  const twice = (at: number) => ours.length - new Set(ours.map((row) => row[at])).size;
  const damage = {
    killed: runs - told.length,
    lost: told.filter((name) => !ours.some(([zone]) => zone === name) || !zones.includes(name)).length,
    duplicate: twice(1) + twice(2),
    // A zone that was killed on its way is finished by repair, so it has an owner: its record.
    ownerless:
      links.filter((link) => link.startsWith('znic') && !recorded.has(link)).length +
      zones.filter((zone) => zone.startsWith('kill') && !ours.some(([name]) => name === zone)).length,
  };
  for (const [zone = ''] of ours) await runProgram([ZNETADM, 'delete-zone', zone]);
  return damage;
}
