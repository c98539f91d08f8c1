import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { EDITION, inputsKey, isBootProgramFor } from '../../src/plan/zone-inputs.ts';
import { LOCAL, OWN_BOOT } from '../../src/plan/zone-paths.ts';
import { digestOf } from '../../src/render/digest.ts';
import { planBootAhead } from '../../src/zone/boot-ahead.ts';
import { createFakeZone } from '../support/fake-zone.ts';
import { memberMetadata } from '../support/metadata.ts';

const test = suite('planBootAhead');

test('a zone with values of its own plans its next boot, but not where part of the metadata was left out', async () => {
  const zone = createFakeZone();
  zone.files.set(EDITION, 'one\n');
  await zone.system.makeDirectory('/var/zonenet', 0o755);
  const metadata = memberMetadata();
  const text = formatMetadata(metadata);
  const own = { names: [], partials: [], texts: new Map([[LOCAL, '[vars]\ncolour = blue\n']]) };
  const configuration = { text, digest: digestOf(text), metadata, files: [], own };
  const key = inputsKey({ text, edition: 'one\n', own });
  await planBootAhead({ ...configuration, key }, zone.system);
  assert.ok(isBootProgramFor(key, zone.files.get(OWN_BOOT)));
  // Whether it still is to be left out has to be seen then.
  await planBootAhead(configuration, zone.system);
  assert.is(zone.files.has(OWN_BOOT), false);
});

test.run();
