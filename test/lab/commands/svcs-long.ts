// svcs -l: one instance at length (§11.7).
import { logFileOf } from '../smf/fmri.ts';
import { dependenciesOf, instancesNamed } from '../smf/graph.ts';
import { RESTARTER } from '../smf/method.ts';
import { isEnabled } from '../smf/repository.ts';
import { formatLongTime } from '../smf/time.ts';
import { isFileFmri } from '../smf/values.ts';
import type { Booted } from './smf-zone.ts';
import { commonName, type Row } from './svcs-columns.ts';

function entityState({ repository, startd }: Booted, fmri: string): string {
  if (isFileFmri(fmri))
    return startd.world.fileExists(fmri.replace(/^file:\/\/(?:localhost)?/, '')) ? 'online' : 'absent';
  const instances = instancesNamed(repository, fmri);
  if (instances.length === 0) return 'absent';
  return instances.length > 1 ? 'multiple' : (instances.map((each) => startd.run(each)?.state)[0] ?? 'uninitialized');
}

/** "label        text"; the label is 13 wide. */
const line = (label: string, text: string): string => `${label.padEnd(12)} ${text}\n`;

export function formatLong(smf: Booted, { instance, run }: Row): string {
  return [
    line('fmri', instance.fmri),
    line('name', commonName(instance) ?? ''),
    line('enabled', isEnabled(instance) ? 'true' : 'false'),
    line('state', run.state),
    line('next_state', run.next),
    line('state_time', formatLongTime(run.since)),
    line('logfile', logFileOf(instance.fmri)),
    line('restarter', RESTARTER),
    // One blank less without a contract, and one more at the end with one.
    run.contract === undefined ? 'contract_id \n' : line('contract_id', `${run.contract.id} `),
    ...dependenciesOf(instance).map(({ grouping, restartOn, entities }) =>
      line(
        'dependency',
        [`${grouping}/${restartOn}`, ...entities.map((fmri) => `${fmri} (${entityState(smf, fmri)})`)].join(' '),
      ),
    ),
  ].join('');
}
