// The filter of a member: begun with a note, loaded without a gap, and taken back whole.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseResolvedRule } from '../../src/domain/resolved-rule.ts';
import { IPFILTER } from '../../src/illumos/smf.ts';
import type { ServiceState } from '../../src/illumos/svcs.ts';
import type { ObservedFilter } from '../../src/plan/filter.ts';
import { FILTER_RECORD, filters, planOwnFilter } from '../../src/plan/own-filter.ts';
import { formatStep, type Step } from '../../src/plan/step.ts';

const test = suite('own filter');

const ruled = { role: 'member', rules: [parseResolvedRule('block in from any to any')] } as const;
const bare = { role: 'member', rules: [] } as const;
const written: Step[] = [{ kind: 'remove', reason: 'stands for the files', path: '/files' }];
const policy = new Map([
  ['firewall_config_default/policy', 'custom'],
  ['firewall_config_default/custom_policy_file', '/etc/ipf/ipf.conf'],
  ['firewall_config_default/custom_policy_file_6', '/etc/ipf/ipf6.conf'],
]);
const filter = (state: ServiceState['state'], more: Partial<ObservedFilter> = {}): ObservedFilter => ({
  services: new Map([[IPFILTER, { state, moving: false } as ServiceState]]),
  policy,
  ...more,
});
const have = (inet: readonly string[]) => {
  const files = { inet: '/a', inet6: '/b', nat: '/c' };
  return { files, want: { inet: ['x'], inet6: [], nat: [] }, have: { inet, inet6: [], nat: [] } };
};
const steps = (...args: Parameters<typeof planOwnFilter>) => planOwnFilter(...args).map(formatStep);

test('a proxy filters always, a member when it has rules', () => {
  assert.equal([filters({ ...bare, role: 'proxy' }), filters(ruled), filters(bare)], [true, true, false]);
});

test('the note comes first, then the files, then ipfilter, which loads them', () => {
  const plan = planOwnFilter(ruled, { filter: filter('disabled'), noted: false }, written);
  const at = (text: string) => plan.findIndex((step) => formatStep(step).includes(text));
  assert.ok(at(FILTER_RECORD) >= 0 && at(FILTER_RECORD) < at('/files') && at('/files') < at('svcadm enable'));
});

test('where it runs, the kernel takes the new rules before the files are the new ones, and nothing is done twice', () => {
  const plan = steps(ruled, { filter: filter('online', { rules: have(['y']) }), noted: true }, written);
  const [swap, files] = ['ipf -s', '/files'].map((text) => plan.findIndex((step) => step.includes(text)));
  assert.ok((swap ?? -1) >= 0 && (swap ?? 0) < (files ?? -1), plan.join('\n'));
  assert.equal(planOwnFilter(ruled, { filter: filter('online', { rules: have(['x']) }), noted: true }, []), []);
});

test('with the last rule it is taken back, the note last; one that is not ours is left alone', () => {
  const plan = steps(bare, { filter: filter('online'), noted: true }, []);
  assert.match(plan[0] ?? '', 'svcadm disable');
  assert.match(plan.at(-1) ?? '', FILTER_RECORD);
  assert.is(plan.length, 4);
  assert.is(steps(bare, { filter: filter('disabled'), noted: true }, []).length, 3);
  assert.equal(steps(bare, { filter: filter('online'), noted: false }, []), []);
});

test.run();
