import { Option } from 'commander';
import type { HostPlan } from '../plan/host-step.ts';
import { NOTHING_CHANGED } from './command.ts';

/** The options of commands that can print their plan in place of carrying it out. */
export interface PlanOptions {
  readonly dryRun?: true;
  readonly verbose?: true;
}

export const DRY_RUN = new Option('-n, --dry-run', 'print what would be done, and change nothing');
export const VERBOSE = new Option('-v, --verbose', 'print files too');

/** Characters; what is longer does not widen the column. */
const WIDE = 64;

/** A plan as -n prints it: sign, what it is about, the command or file, and why. `verbose` shows files too. */
export function formatPlan(plan: HostPlan, verbose: boolean): string {
  const about = Math.max(0, ...plan.map((step) => step.about.length));
  // A column for what most lines have; the few longer ones stick out.
  const what = Math.max(0, ...plan.map((step) => step.what.length).filter((length) => length <= WIDE));
  return plan
    .map(({ sign, about: topic, what: text, note, detail }) => {
      const line = `${sign} ${topic.padEnd(about)}  ${note === '' ? text : `${text.padEnd(what)}  ${note}`}\n`;
      if (!verbose || detail === undefined) return line;
      return `${line}${detail
        .trimEnd()
        .split('\n')
        .map((row) => `    | ${row}\n`)
        .join('')}`;
    })
    .join('');
}

/** What -n answers: the plan, and that nothing was changed. */
export function printDryRun(plan: HostPlan, verbose: boolean | undefined, print: (text: string) => void): void {
  print(formatPlan(plan, verbose === true));
  print(NOTHING_CHANGED);
}
