import { type Owner, why } from '../../host/why.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatRows, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';
import type { Row } from '../table.ts';

const FIELDS = ['asked', 'owner', 'as', 'since', 'user', 'command'] as const;

export const whyCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<address|link>', 'an address, or a link of this host')
      .addOption(PARSABLE)
      .addOption(outputOption(FIELDS))
      .addOption(AS_JSON)
      .action((asked: string, options: ShowOptions) => {
        const fields = chooseFields(options, FIELDS, []);
        act((context) => run(asked, fields, options, context));
      });
  },
};

async function run(
  asked: string,
  fields: readonly string[],
  options: ShowOptions,
  { host, print, colour }: Context,
): Promise<void> {
  const owner = await why(asked, host.system);
  if (options.json === true) print(`${JSON.stringify(toRow(owner), null, 2)}\n`);
  else if (options.output !== undefined) print(formatRows([toRow(owner)], fields, options, { colour }));
  else print(describe(owner));
}

function toRow({ asked, owner, as, origin }: Owner): Row {
  const { time = '', user = '', command = '' } = origin ?? {};
  return { asked, owner, as, since: time, user, command };
}

/** "10.2.0.2: zone web1, its address on znic1, network back", and since when and by which command. */
function describe({ asked, owner, as, origin }: Owner): string {
  const head = `${asked}: ${[owner, as].filter((part) => part !== '').join(', ')}\n`;
  if (owner === '') return head;
  if (origin === undefined) return `${head}  since  before the history that is kept\n`;
  return `${head}  since  ${origin.time}\n  by     ${origin.user}: ${origin.command}\n`;
}
