import type { HostPlan } from '../plan/host-step.ts';

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
