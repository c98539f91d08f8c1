// The hosts that are measured: the story's proxy and web1, and a host with a thousand records.
import type { LabHandle } from '../lab/lab.ts';

const ZNETADM = '/opt/zonenet/bin/znetadm';

/** Network back, proxy and web1, as in the story. */
export async function createStory(lab: LabHandle): Promise<void> {
  for (const args of [
    ['create-network', '-a', '10.2.0.0/24', 'back'],
    ['create-zone', '-R', 'back', '-x', 'e1000g0=203.0.113.5/24', '-r', '203.0.113.1', 'proxy'],
    ['create-zone', '-N', 'back', 'web1'],
  ]) {
    await lab.mustRun([ZNETADM, ...args]);
  }
}

/** Copies the record of web1 under new names and addresses until there are `count` zones on a /16. */
export async function fillWithRecords(lab: LabHandle, count: number): Promise<void> {
  const record = await lab.readFile('global', '/etc/zonenet/zones/web1.ini');
  const network = await lab.readFile('global', '/etc/zonenet/networks/back.ini');
  await lab.writeFile('global', '/etc/zonenet/networks/back.ini', network.replace('10.2.0.0/24', '10.2.0.0/16'));
  for (let number = 2; number <= count; number++) {
    const address = `10.2.${(number + 10) >> 8}.${(number + 10) & 255}`;
    const text = record
      .replaceAll('web1', `web${number}`)
      .replaceAll('znic1', `znic${number}`)
      .replaceAll('10.2.0.2/24', `${address}/16`);
    await lab.writeFile('global', `/etc/zonenet/zones/web${number}.ini`, text);
  }
}
