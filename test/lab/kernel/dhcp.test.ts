import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ipadm } from '../commands/ipadm.ts';
import { netstat } from '../commands/netstat.ts';
import { startBareLab } from '../support/bare-lab.ts';

import { parseLease } from './dhcp.ts';

const test = suite('dhcp');

const missing = ['busybox', 'dnsmasq'].filter((program) => spawnSync('which', [program]).status !== 0);
if (missing.length > 0) process.stdout.write(`SKIPPED: a lease from a real server, ${missing.join(' and ')} missing\n`);

const MAC = '2:8:20:0:0:1';

async function startZone() {
  const bare = await startBareLab();
  const { lab } = bare;
  const zone = await bare.zone('proxy');
  const vnic = {
    name: 'pnic0',
    mac: MAC,
    class: 'vnic',
    over: 'e1000g0',
    active: true,
    persistent: true,
    mtu: 1500,
  } as const;
  await lab.links.lend(await lab.links.add(vnic), zone);
  await lab.links.attachOutside('inet', 'net0', 'e1000g0');
  await lab.kernel.ip('inet', ['link set lo up', 'address add 203.0.113.1/24 dev net0']);
  return { bare, zone };
}

/** dnsmasq in the outside, as lab.md part 8 has it. Resolves when it serves; the function ends it. */
async function serve(lab: Awaited<ReturnType<typeof startZone>>['bare']['lab']) {
  const [file, pidFile] = [join(lab.run, 'dnsmasq.conf'), join(lab.run, 'dnsmasq.pid')];
  const lines = [
    ...['port=0', 'interface=net0', 'bind-interfaces', 'no-hosts', 'no-ping', 'dhcp-authoritative'],
    'dhcp-range=203.0.113.0,static,255.255.255.0,120s',
    'dhcp-host=02:08:20:00:00:01,203.0.113.5,proxy',
    'dhcp-option=option:router,203.0.113.1',
    `dhcp-leasefile=${join(lab.run, 'leases')}`,
    `pid-file=${pidFile}`,
    ...['user=root', 'group=root'],
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  // It goes into the background when its sockets are bound; the pipes stay open unless they are taken away.
  const { status } = await lab.kernel.exec('inet', ['sh', '-c', `dnsmasq -C ${file} >/dev/null 2>&1 </dev/null`]);
  assert.is(status, 0);
  const pid = Number(await readFile(pidFile, 'utf8'));
  return () => process.kill(pid, 'SIGKILL');
}

if (missing.length === 0 && process.getuid?.() === 0) {
  test('takes the address and the default route of a lease, and gives them back', async () => {
    const { bare, zone } = await startZone();
    const end = await serve(bare.lab);
    try {
      const run = (line: string) => bare.run(zone, ipadm, ...line.split(' '));
      assert.equal(await run('create-addr -t -T dhcp pnic0/dhcp'), { status: 0, stdout: '', stderr: '' });
      assert.is((await run('show-addr -p -o addrobj,type,state,addr')).stdout, 'pnic0/dhcp:dhcp:ok:203.0.113.5/24\n');
      const routes = async () => (await bare.run(zone, netstat, '-rn', '-f', 'inet')).stdout;
      assert.match(await routes(), /^default +203\.0\.113\.1 +UG /m);
      assert.is((await run('delete-addr -r pnic0/dhcp')).status, 0);
      assert.is(await routes(), '');
    } finally {
      end();
      await bare.stop();
    }
  });
}

if (missing.length === 0) {
  test('warns and succeeds when no lease comes', async () => {
    const { bare, zone } = await startZone();
    try {
      assert.equal(await bare.run(zone, ipadm, 'create-addr', '-t', '-T', 'dhcp', 'pnic0/dhcp'), {
        status: 0,
        stdout: '',
        stderr: 'ipadm: warning: Communication with dhcpagent timed out\n',
      });
      const shown = await bare.run(zone, ipadm, 'show-addr', '-p', '-o', 'addrobj,type,addr');
      assert.is(shown.stdout, 'pnic0/dhcp:dhcp:?\n');
    } finally {
      await bare.stop();
    }
  });
}

test('reads a lease with routers and without', () => {
  const address = { family: 'ipv4', value: 0xcb007105n, length: 24 };
  assert.equal(parseLease('203.0.113.5 24 \n'), { address });
  const router = { family: 'ipv4', value: 0xcb007101n };
  assert.equal(parseLease('203.0.113.5 24 203.0.113.1 203.0.113.2\n'), { address, router });
});

test.run();
