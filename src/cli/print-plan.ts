import type { HostPlan } from '../plan/host-step.ts';

/** A plan as -n prints it: sign, what it is about, the command or file, and why. `verbose` shows files too. */
export function formatPlan(plan: HostPlan, verbose: boolean): string {
  const about = Math.max(0, ...plan.map((step) => step.about.length));
  const what = Math.min(76, Math.max(0, ...plan.map((step) => step.what.length)));
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
