import { readHistory } from '../../host/history.ts';
import { wholeNumber } from '../../ini/shape.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

interface Options extends ShowOptions {
  readonly last?: number;
}

const FIELDS = ['time', 'user', 'what', 'subject', 'command'] as const;
const MORE = ['has'] as const;

export const showHistoryCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[subject]', 'only what was done to that zone or network, by its name')
      .option('-l, --last <number>', 'only that many, the newest', reading(wholeNumber(1, 1_000_000)))
      .addOption(PARSABLE)
      .addOption(outputOption([...FIELDS, ...MORE]))
      .addOption(AS_JSON)
      .action((subject: string | undefined, options: Options) => {
        const fields = chooseFields(options, FIELDS, MORE);
        act((context) => run(subject, fields, options, context));
      });
  },
};

async function run(
  name: string | undefined,
  fields: readonly string[],
  options: Options,
  { host, print, colour }: Context,
): Promise<void> {
  const history = await readHistory(host.system);
  const wanted = history.filter(({ subject }) => name === undefined || subject.split(' ')[1] === name);
  const rows = options.last === undefined ? wanted : wanted.slice(-options.last);
  const shown = rows.map(({ has = [], ...entry }) => ({ ...entry, has: has.join(',') }));
  print(formatShown(shown, fields, options, { colour }));
}
