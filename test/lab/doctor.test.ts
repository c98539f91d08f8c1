import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { examine, type Finding, formatFindings } from './doctor.ts';

const test = suite('lab doctor');

const finding = (overrides: Partial<Finding>): Finding => ({
  feature: 'ip',
  use: 'links',
  works: true,
  why: '',
  essential: true,
  ...overrides,
});

test('names what is missing, why, and the one line that brings it', () => {
  const findings = [
    finding({}),
    finding({ feature: 'nft', use: 'ipf', works: false, why: 'nft not found', debian: 'nftables' }),
    finding({ feature: 'overlay', use: '/usr', works: false, why: 'mount: permission denied' }),
    finding({ feature: 'tbf', use: 'maxbw', works: false, why: 'no tbf', essential: false }),
  ];
  assert.is(
    formatFindings(findings),
    [
      'ok       ip       for links',
      'MISSING  nft      nft not found (for ipf)',
      'MISSING  overlay  mount: permission denied (for /usr)',
      'missing  tbf      no tbf (for maxbw)',
      '',
      'As root:',
      '  apt-get update && apt-get install -y --no-install-recommends nftables',
      '',
    ].join('\n'),
  );
});

test('this machine, on which the tests run, has what is essential', () => {
  assert.equal(
    examine()
      .filter(({ works, essential }) => essential && !works)
      .map(({ feature, why }) => `${feature}: ${why}`),
    [],
  );
});

test.run();
