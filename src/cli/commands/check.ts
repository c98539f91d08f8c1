import { OperatorError } from '../../domain/errors.ts';
import { findDrift } from '../../host/drift.ts';
import type { Drift } from '../../plan/drift.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatRows, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';
import type { Row } from '../table.ts';

interface Options extends ShowOptions {
  readonly full?: true;
}

const FIELDS = ['of', 'item', 'expected', 'found', 'mend'] as const;

export const checkCommand: CliCommand = {
  configure(command, act) {
    command
      .option('-f, --full', 'ask every zone, also where nothing has changed since the last look')
      .addOption(PARSABLE)
      .addOption(outputOption(FIELDS))
      .addOption(AS_JSON)
      .action((options: Options) => {
        const fields = chooseFields(options, FIELDS, []);
        act((context) => run(fields, options, context));
      });
  },
};

async function run(fields: readonly string[], options: Options, { host, print, colour }: Context): Promise<void> {
  const drifts = await findDrift(host, options.full === true);
  if (options.json === true) print(`${JSON.stringify(drifts.map(toJson), null, 2)}\n`);
  else if (options.output !== undefined) print(formatRows(drifts.map(toRow), fields, options, { colour }));
  else printDrifts(drifts, print);
  if (drifts.length === 0) return;
  const count = drifts.length === 1 ? 'one thing is' : `${drifts.length} things are`;
  const byHand = drifts.filter(({ plan }) => plan.length === 0).length;
  const ours = byHand < drifts.length ? ['what mends it:   znetadm repair -n'] : [];
  const theirs =
    byHand > 0 ? [`by hand:         ${byHand === 1 ? 'one of them' : `${byHand} of them`}, as said there`] : [];
  throw new OperatorError('DRIFT', `${count} not as recorded`, { hint: [...ours, ...theirs].join('\n') });
}

/** Items printed in one go: of thousands the whole text is held nowhere. */
const AT_ONCE = 256;

function printDrifts(drifts: readonly Drift[], print: Context['print']): void {
  if (drifts.length === 0) print('everything is as recorded\n');
  for (let at = 0; at < drifts.length; at += AT_ONCE) {
    const some = drifts.slice(at, at + AT_ONCE);
    print(some.map(format).join(''));
  }
}

/** What to type, a line each: the hints of what only a person can mend, or what repair would do. */
function mendLines({ plan, fault }: Drift): string[] {
  return fault === undefined ? plan.map(({ what }) => what) : (fault.hint ?? fault.message).split('\n');
}

function toRow(drift: Drift): Row {
  const { of, item, expected, found } = drift;
  return { of, item, expected, found, mend: mendLines(drift).join('; ') };
}

function toJson(drift: Drift) {
  const { of, item, expected, found, plan } = drift;
  return { of, item, expected, found, mend: mendLines(drift), byHand: plan.length === 0 };
}

function format(drift: Drift): string {
  const { of, item, expected, found } = drift;
  const [first = '', ...more] = mendLines(drift);
  const rows = [
    `${of}: ${item}`,
    `  expected  ${expected}`,
    `  found     ${found}`,
    `  to mend   ${first}`,
    ...more.map((line) => `            ${line}`),
  ];
  return `${rows.join('\n')}\n`;
}
