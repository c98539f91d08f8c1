// Many zones at once: booted, addressed by a service of their own, reached, halted, and nothing left (lab.md part 14).
// ZONENET_ZONES=500 ZONENET_TEST_LIMIT=900 asks for more than the hundred of every run.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from './lab.ts';

const test = suite<{ lab: LabHandle }>('scale');

const COUNT = Number(process.env['ZONENET_ZONES'] ?? 100);
const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);
const addressOf = (n: number) => `10.9.${n >> 8}.${n & 0xff}`;

/** A transient service that gives a zone the address of /etc/address. */
const MANIFEST = `<?xml version="1.0"?>
<!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
<service_bundle type="manifest" name="address">
  <service name="site/address" type="service" version="1">
    <create_default_instance enabled="true"/>
    <single_instance/>
    <dependency name="physical" grouping="require_all" restart_on="none" type="service">
      <service_fmri value="svc:/network/physical:default"/>
    </dependency>
    <dependent name="address_network" grouping="optional_all" restart_on="none">
      <service_fmri value="svc:/milestone/network:default"/>
    </dependent>
    <exec_method type="method" name="start" exec="/lib/svc/method/address" timeout_seconds="60"/>
    <exec_method type="method" name="stop" exec=":true" timeout_seconds="60"/>
    <property_group name="startd" type="framework">
      <propval name="duration" type="astring" value="transient"/>
    </property_group>
  </service>
</service_bundle>
`;

const CREATE = `set -e
dladm create-etherstub stub0
for n in "$@"; do
  dladm create-vnic -l stub0 v$n
  zonecfg -z z$n "create -b; set zonepath=/zones/z$n; set ip-type=exclusive; add net; set physical=v$n; end"
  zoneadm -z z$n install
  root=/zones/z$n/root
  cp /tmp/address.xml $root/lib/svc/manifest/address.xml
  printf '#!/bin/sh\\nexec ipadm create-addr -t -T static -a 10.9.%d.%d/16 v%d/v4\\n' $((n >> 8)) $((n & 255)) $n > $root/lib/svc/method/address
  chmod 755 $root/lib/svc/method/address
done
`;
const BOOT = 'for n in "$@"; do zoneadm -z z$n boot || exit 1; done';
/** Prints the addresses that do not answer. */
const UNREACHABLE = 'for address in "$@"; do ping -n -q -c 1 -W 5 $address > /dev/null || echo $address; done';
const ONLINE = 'for n in "$@"; do svcs -z z$n -H -o state milestone/multi-user-server; done | sort | uniq -c';
const HALT = 'for n in "$@"; do zoneadm -z z$n halt || exit 1; done';
const DELETE = `set -e
for n in "$@"; do
  zoneadm -z z$n uninstall -F
  zonecfg -z z$n delete -F
  dladm delete-vnic v$n
done
dladm delete-etherstub stub0
`;

/** A script with the words as its arguments, and how long it took. */
async function run(lab: LabHandle, script: string, zone = 'global', words: readonly (string | number)[] = numbers) {
  const started = performance.now();
  const argv = ['/bin/sh', '-c', script, 'sh', ...words.map(String)];
  const stdout = await lab.mustRun(argv, { zone, timeoutMs: 900_000 });
  return { stdout, seconds: (performance.now() - started) / 1000 };
}

/** What the kernel and labd have: switches and ports, namespaces, processes, and every record. */
async function observe(lab: LabHandle) {
  const seen = await lab.mustRun("ip -br link | awk '{ print $1 }'; ls /run/netns; set -- /proc/[0-9]*; echo $#", {
    netns: 'sw',
    cwd: '/',
  });
  return { seen, records: await lab.dump() };
}

test(`${COUNT} zones boot, are up and reachable, halt, and leave nothing`, async () => {
  const lab = await startLab();
  const seconds: Record<string, number> = {};
  try {
    await lab.writeFile('global', '/tmp/address.xml', MANIFEST);
    const before = await observe(lab);
    seconds['create'] = (await run(lab, CREATE)).seconds;
    seconds['boot'] = (await run(lab, BOOT)).seconds;
    await lab.settled();

    const states = (await lab.mustRun('zoneadm list -p')).trim().split('\n');
    assert.equal(
      states.map((line) => line.split(':')[2]),
      Array.from({ length: COUNT + 1 }, () => 'running'),
    );
    const online = await run(lab, ONLINE);
    assert.is(online.stdout.trim(), `${COUNT} online`);
    const ping = await run(lab, UNREACHABLE, 'z1', numbers.map(addressOf));
    assert.is(ping.stdout, '');
    seconds['ping'] = ping.seconds;

    seconds['halt'] = (await run(lab, HALT)).seconds;
    seconds['delete'] = (await run(lab, DELETE)).seconds;
    assert.equal(await observe(lab), before);
  } finally {
    await lab.stop();
  }
  const laps = Object.entries(seconds).map(([what, time]) => `${what} ${time.toFixed(1)} s`);
  process.stdout.write(`scale: ${COUNT} zones: ${laps.join(', ')}\n`);
});

test.run();
