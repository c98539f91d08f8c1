import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { MOST_RULES, parseRule, type Rule } from '../../domain/rule.ts';
import { deleteRules, planDeleteRules } from '../../host/rules.ts';
import { wholeNumber } from '../../ini/shape.ts';
import type { CliCommand, Context } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeFollowing, joinWords } from '../rule-words.ts';

export const deleteRuleCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone>', 'name of the zone that filters')
      .argument('<which...>', 'their numbers, as show-rule has them now; or one by its words, which may be run twice')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, words: readonly string[], options: PlanOptions) => {
        const zone = parseAnyZoneName(name);
        const which = /^\d/.test(words[0] ?? '') ? toNumbers(words) : parseRule(joinWords(words));
        act((context) => run(zone, which, options, context));
      });
  },
};

function toNumbers(words: readonly string[]): number[] {
  return [...new Set(words.map(wholeNumber(1, MOST_RULES)))].sort((a, b) => a - b);
}

async function run(
  zone: ZoneName,
  which: Rule | readonly number[],
  { dryRun, verbose }: PlanOptions,
  { host, print }: Context,
): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planDeleteRules(zone, which, host)).plan, verbose, print);
    return;
  }
  const change = await deleteRules(zone, which, host);
  const [before, left] = [change.before.rules.length, change.zone.rules.length];
  print([`zone ${zone}: ${before - left} deleted, ${left} left`, ...describeFollowing(change), ''].join('\n'));
}
