import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFaultTable, formatFaults, parseFaults, randomFaults, takeSwitch } from './faults.ts';

const test = suite('faults');

const call = (line: string, rest: { zone?: string; internal?: boolean } = {}) => ({
  zone: 'global',
  internal: false,
  argv: line.split(' '),
  ...rest,
});

test('a fault counts the calls it matches, from when it is set', () => {
  const table = createFaultTable();
  table.meet(call('dladm create-vnic a'));
  table.set({ cmd: 'dladm', match: 'create-vnic', nth: 2, action: 'fail' });
  assert.is(table.meet(call('dladm create-vnic a')), undefined);
  assert.is(table.meet(call('dladm show-vnic')), undefined);
  assert.is(table.meet(call('ipadm create-vnic')), undefined);
  assert.is(table.meet(call('dladm create-vnic b'))?.action, 'fail');
  assert.is(table.meet(call('dladm create-vnic c')), undefined);
});

test('two faults count side by side; the first that was set wins', () => {
  const table = createFaultTable();
  table.set({ nth: 2, action: 'fail' });
  table.set({ nth: 2, action: 'hang' });
  assert.is(table.meet(call('a')), undefined);
  assert.is(table.meet(call('a'))?.action, 'fail');
  assert.is(table.meet(call('a')), undefined);
});

test('calls of labd itself are met only when the fault says so', () => {
  const table = createFaultTable();
  table.set({ cmd: 'ipadm', action: 'fail', count: 0 });
  assert.is(table.meet(call('ipadm', { internal: true })), undefined);
  table.set({ cmd: 'ipadm', action: 'hang', count: 0, internal: true });
  assert.is(table.meet(call('ipadm', { internal: true }))?.action, 'hang');
});

test('a zone’s fault is not met elsewhere, and clear forgets all', () => {
  const table = createFaultTable();
  table.set({ zone: 'web1', action: 'fail', count: 0 });
  assert.is(table.meet(call('route')), undefined);
  assert.is(table.meet(call('route', { zone: 'web1' }))?.action, 'fail');
  table.clear();
  assert.is(table.meet(call('route', { zone: 'web1' })), undefined);
});

test('what is written is read again', () => {
  const faults = randomFaults(7, ['dladm', 'zonecfg'], 20);
  assert.equal(parseFaults(`# seed 7\n\n${formatFaults(faults)}`), faults);
});

test('a seed fixes the mix, another gives another', () => {
  assert.equal(randomFaults(7, ['dladm'], 20), randomFaults(7, ['dladm'], 20));
  assert.not.equal(randomFaults(7, ['dladm'], 20), randomFaults(8, ['dladm'], 20));
});

test('a switch is on as often as it says', () => {
  const switches = new Map([
    ['link-busy', '2'],
    ['repository-down', '*'],
  ]);
  const uses = (name: string) => [1, 2, 3].map(() => takeSwitch(switches, name));
  assert.equal(uses('link-busy'), [true, true, false]);
  assert.equal(uses('repository-down'), [true, true, true]);
  assert.equal(uses('disk-full'), [false, false, false]);
});

test.run();
