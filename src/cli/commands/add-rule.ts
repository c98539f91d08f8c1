import { parseAnyZoneName } from '../../domain/names.ts';
import { formatRule, MOST_RULES, parseRule, RULE_SYNTAX } from '../../domain/rule.ts';
import { addRule, numberOf, planAddRule, type RuleRequest } from '../../host/rules.ts';
import { wholeNumber } from '../../ini/shape.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeFollowing, joinWords } from '../rule-words.ts';

interface Options extends PlanOptions {
  readonly at?: number;
}

const HELP = `
A rule is: ${RULE_SYNTAX}
  PROTOCOL  tcp, udp, tcp/udp, icmp or a number; without it any
  WHO       any, self, zone:NAME, group:NAME, network:NAME, an address or a prefix
"in" is what comes to the zone, and what a proxy is to pass on; "out" is what the zone itself sends.
What a forward leads in has its inside address already when rules see it.
The first rule that matches decides. What none matches is decided by what is usual: closed from the outside, open to it.
Words that begin with "-" stand behind "--".
`;

export const addRuleCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone>', 'name of the zone that filters')
      .argument('<rule...>', 'the rule, a word each or all in one: allow in tcp from any to self port 22')
      .option(
        '-a, --at <number>',
        'its number; those from there on move down (default: last)',
        reading(wholeNumber(1, MOST_RULES)),
      )
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .addHelpText('after', HELP)
      .action((name: string, words: readonly string[], { at, ...options }: Options) => {
        const request: RuleRequest = {
          zone: parseAnyZoneName(name),
          rule: parseRule(joinWords(words)),
          ...(at === undefined ? {} : { number: at }),
        };
        act((context) => run(request, options, context));
      });
  },
};

async function run(request: RuleRequest, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planAddRule(request, host)).plan, verbose, print);
    return;
  }
  const change = await addRule(request, host);
  const number = numberOf(request.rule, change.zone);
  print(
    [`zone ${change.zone.name}: rule ${number}: ${formatRule(request.rule)}`, ...describeFollowing(change), ''].join(
      '\n',
    ),
  );
}
