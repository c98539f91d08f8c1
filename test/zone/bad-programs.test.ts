// Programs that fail where their status could be taken for an answer.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { metadataFor } from '../../src/zone/paths.ts';
import { setUp } from '../../src/zone/set-up.ts';
import { createFakeZone } from '../support/fake-zone.ts';
import { proxyMetadata } from '../support/metadata.ts';

const METADATA = metadataFor('proxy');

const test = suite('programs that fail');

test('an svcs that fails is named, and not taken for a zone without ipfilter', async () => {
  for (const stderr of ['', 'svcs: Could not bind to repository server: repository server unavailable\n']) {
    const zone = createFakeZone();
    zone.files.set(METADATA, formatMetadata(proxyMetadata()));
    zone.answers.set('/usr/bin/svcs', { status: 1, timedOut: false, stdout: '', stderr });
    assert.is(await setUp({ zone: 'proxy', occasion: 'start', now: 1_800_000_000, system: zone.system }), 1);
    assert.match(zone.log.join('\n'), '/usr/bin/svcs -H -o state,fmri');
    assert.not.match(zone.log.join('\n'), 'this zone has no');
    assert.is(zone.kernel.forwarding, false);
  }
});

test.run();
