import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeLab, manifest, startFakeLab } from './fake-zone.ts';
import { findEntity, instancesOf, isInstance } from './repository.ts';

const test = suite<{ fake: FakeLab }>('smf restarter');

test.before.each(async (context) => {
  context.fake = await startFakeLab();
  context.fake.answers.set('netstat', { stdout: 'default 10.0.0.1\n' });
});
test.after.each(async ({ fake }) => {
  await fake.stop();
  assert.equal(fake.lab.notModelled, []);
});

function stateOf(fake: FakeLab, name: string): string | undefined {
  const fmri = name.startsWith('svc:') ? name : `svc:/${name}:default`;
  const entity = findEntity(fake.repository(), fmri);
  return entity !== undefined && isInstance(entity) ? fake.startd().run(entity)?.state : undefined;
}

test('a zone boots its stock services and ours', async ({ fake }) => {
  fake.files.write('/lib/svc/manifest/site/ours.xml', manifest('site/ours', { start: `echo up > ${fake.root}/up` }));
  const startd = await fake.boot();
  const states = instancesOf(fake.repository()).map((instance) => `${startd.run(instance)?.state} ${instance.fmri}`);
  assert.equal(
    states.filter((line) => !line.startsWith('online')),
    [
      'offline svc:/network/dns/client:default',
      'disabled svc:/network/ipfilter:default',
      'disabled svc:/network/ipv4-forwarding:default',
      'disabled svc:/network/ipv6-forwarding:default',
      'disabled svc:/network/routing/ripng:default',
      'disabled svc:/network/routing/route:default',
    ],
  );
  assert.is(fake.files.read('/up'), 'up\n');
  assert.is(stateOf(fake, 'site/ours'), 'online');
});

test.run();
