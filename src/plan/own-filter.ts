import type { ZoneMetadata } from '../domain/metadata.ts';
import { IPFILTER } from '../illumos/smf.ts';
import { disableService } from '../illumos/svcadm.ts';
import { FILTER_FILES, isPolicyWrong, type ObservedFilter, planFilterRules, planFilterService } from './filter.ts';
import { run, type Step } from './step.ts';

/** Says that the packet filter of a member is ours: it goes when its last rule goes, and another's is left alone. */
export const FILTER_RECORD = '/var/zonenet/filter';

/** What a member filters by. Missing: it does not filter, and never did for us. */
export interface ObservedOwnFilter {
  readonly filter: ObservedFilter;
  /** Whether `FILTER_RECORD` is there. */
  readonly noted: boolean;
}

/** Whether a zone has a packet filter of ours: a proxy always, a member when it has rules. */
export function filters({ role, rules }: Pick<ZoneMetadata, 'role' | 'rules'>): boolean {
  return role === 'proxy' || rules.length > 0;
}

/**
 * Steps that let a member filter by its rules, with those that write the files in between; or by none any more.
 *
 * A zone that is to filter is noted first, so that a run that is cut off is taken back by the next when the rules are gone.
 *
 * @throws {OperatorError} NOT_FOUND when the zone has no ipfilter
 */
export function planOwnFilter(
  metadata: Pick<ZoneMetadata, 'role' | 'rules'>,
  { filter, noted }: ObservedOwnFilter,
  written: readonly Step[],
): Step[] {
  if (!filters(metadata)) return [...written, ...(noted ? takingBack(filter) : [])];
  const note: Step[] = noted
    ? []
    : [
        { kind: 'directory', reason: 'the filter is ours', path: '/var/zonenet', mode: 0o755 },
        {
          kind: 'write',
          reason: 'the filter is ours',
          file: { path: FILTER_RECORD, content: 'ipfilter\n', mode: 0o644 },
          replaces: false,
        },
      ];
  // Where ipfilter does not run, or is restarted, it loads the files, so they come first.
  return filter.rules === undefined || isPolicyWrong(filter)
    ? [...note, ...written, ...planFilterService(filter)]
    : [...note, ...planFilterRules(filter), ...written];
}

/** The note goes last: it is what a run that was cut off goes on by. */
function takingBack({ services }: ObservedFilter): Step[] {
  const reason = 'the zone has no rules any more';
  const state = services.get(IPFILTER)?.state;
  const off = state === undefined || state === 'disabled' ? [] : [run(reason, disableService(IPFILTER))];
  const files = [FILTER_FILES.inet, FILTER_FILES.inet6, FILTER_RECORD];
  return [...off, ...files.map((path): Step => ({ kind: 'remove', reason, path }))];
}
