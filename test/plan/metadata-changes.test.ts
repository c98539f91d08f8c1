import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseRedirect } from '../../src/domain/forward.ts';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseZoneName } from '../../src/domain/names.ts';
import { parseResolvedRule } from '../../src/domain/resolved-rule.ts';
import { parseServedSite } from '../../src/domain/site.ts';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { changesOfMetadata } from '../../src/plan/metadata-changes.ts';
import { proxyMetadata } from '../support/metadata.ts';

const test = suite('what is new in metadata');

const [web1, db1] = [parseZoneName('web1'), parseZoneName('db1')];
const member = (zone: typeof web1, address: string) => ({ zone, addresses: [parseAddress(address)], leases: [] });
const redirect = parseRedirect('udp 203.0.113.5 5000-5009 10.2.0.2 =7');
const rules = ['allow in tcp from any to 10.2.0.2/32 port 22', 'block in tcp from any to any port 23'].map(
  parseResolvedRule,
);
const served = (up: boolean) => parseServedSite(`10.2.0.2 ${up ? 'up' : 'down'} http www.example.org 80 / 8080 nginx`);

const CASES: readonly [what: string, before: Partial<ZoneMetadata>, after: Partial<ZoneMetadata>, changes: string[]][] =
  [
    ['nothing', {}, {}, []],
    ['a member', {}, { members: [member(db1, '10.2.0.3'), member(web1, '10.2.0.2')] }, ['member db1']],
    ['one less', {}, { members: [] }, ['without web1']],
    ['one for another', {}, { members: [member(db1, '10.2.0.2')] }, ['member db1', 'without web1']],
    ['an address', {}, { members: [member(web1, '10.2.0.9')] }, []],
    [
      'a forward, which ini has to quote',
      {},
      { forwards: [{ zone: web1, redirects: [redirect] }] },
      ['forward udp 203.0.113.5 5000-5009 10.2.0.2 =7'],
    ],
    [
      'a forward less',
      { forwards: [{ zone: web1, redirects: [redirect] }] },
      {},
      ['without forward udp 203.0.113.5 5000-5009 10.2.0.2 =7'],
    ],
    [
      'a forward that another zone has now',
      { forwards: [{ zone: web1, redirects: [redirect] }] },
      { forwards: [{ zone: db1, redirects: [redirect] }] },
      [],
    ],
    ['rules', { rules }, { rules: rules.slice(1) }, ['rules']],
    ['rules in another order', { rules }, { rules: [...rules].reverse() }, ['rules']],
    [
      'a site that is down',
      { sites: [{ zone: web1, sites: [served(true)] }] },
      { sites: [{ zone: web1, sites: [served(false)] }] },
      ['sites'],
    ],
    ['templates', {}, { templates: '0'.repeat(64) }, ['templates']],
    ['a value that is called like something else', {}, { vars: { rule: 'x', rdr: 'y', templates: 'z' } }, []],
  ];

for (const [what, before, after, changes] of CASES) {
  test(what, () => {
    const [earlier, later] = [before, { ...after, generation: 2 }].map((part) => formatMetadata(proxyMetadata(part)));
    assert.equal(changesOfMetadata(earlier ?? '', later ?? ''), changes);
  });
}

test.run();
