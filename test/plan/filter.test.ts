import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IDENTITY_DOMAIN, IPFILTER } from '../../src/illumos/smf.ts';
import type { ServiceState } from '../../src/illumos/svcs.ts';
import {
  FILTER_FILES,
  type ObservedFilter,
  planFilterRules,
  planFilterService,
  planNatRules,
  type Rules,
} from '../../src/plan/filter.ts';
import { formatStep } from '../../src/plan/step.ts';

const test = suite('planFilter');

const RULES: Rules = { inet: ['block in all'], inet6: ['block in all'], nat: ['map pnic0 10.2.0.0/24 -> 0.0.0.0/32'] };

function filter({
  have = RULES,
  ipfilter = 'online',
  domain = 'online',
}: {
  have?: Rules;
  ipfilter?: ServiceState['state'];
  domain?: ServiceState['state'];
} = {}): ObservedFilter {
  return {
    services: new Map([
      [IPFILTER, { state: ipfilter, moving: false }],
      [IDENTITY_DOMAIN, { state: domain, moving: false }],
    ]),
    policy: new Map([
      ['firewall_config_default/policy', 'custom'],
      ['firewall_config_default/custom_policy_file', '/etc/ipf/ipf.conf'],
      ['firewall_config_default/custom_policy_file_6', '/etc/ipf/ipf6.conf'],
    ]),
    rules: { files: FILTER_FILES, want: RULES, have },
  };
}

const service = (observed: ObservedFilter) => planFilterService(observed).map(formatStep);

test('plans nothing when all is loaded', () => {
  assert.equal(service(filter()), []);
  assert.equal(planFilterRules(filter()), []);
  assert.equal(planNatRules(filter()), []);
});

test('a difference in IPv6 alone loads and swaps both families', () => {
  const commands = planFilterRules(filter({ have: { ...RULES, inet6: [] } })).map(formatStep);
  assert.equal(
    commands.map((line) => line.replace('/usr/sbin/ipf ', '')),
    ['-I -F a', '-6 -I -F a', '-I -f /etc/ipf/ipf.conf', '-6 -I -f /etc/ipf/ipf6.conf', '-s'],
  );
});

test('every step that touches rules counts a word on stderr as failure', () => {
  const observed = filter({ have: { inet: [], inet6: [], nat: [] } });
  const steps = [...planFilterRules(observed), ...planNatRules(observed)];
  assert.ok(steps.every((step) => step.kind === 'run' && step.silent === true));
});

test('rules in another order are other rules', () => {
  const want = { ...RULES, inet: ['pass in all', 'block in all'] };
  const observed = {
    ...filter(),
    rules: { files: FILTER_FILES, want, have: { ...want, inet: ['block in all', 'pass in all'] } },
  };
  assert.is(planFilterRules(observed).length, 5);
});

test('nothing is loaded beside an ipfilter that does not run', () => {
  const { rules: _, ...down } = filter({ ipfilter: 'offline' });
  assert.equal([...planFilterRules(down), ...planNatRules(down)], []);
});

test('an ipfilter in maintenance is cleared, a disabled one and identity:domain enabled', () => {
  assert.equal(service(filter({ ipfilter: 'maintenance' })), ['/usr/sbin/svcadm clear svc:/network/ipfilter:default']);
  assert.equal(service(filter({ ipfilter: 'disabled', domain: 'disabled' })), [
    '/usr/sbin/svcadm enable svc:/system/identity:domain',
    '/usr/sbin/svcadm enable svc:/network/ipfilter:default',
  ]);
});

test('a zone without ipfilter is told what to install', () => {
  assert.throws(
    () => planFilterService({ ...filter(), services: new Map() }),
    /this zone has no svc:\/network\/ipfilter/,
  );
});

test.run();
