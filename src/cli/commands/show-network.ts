import { type NetworkName, parseNetworkName } from '../../domain/names.ts';
import { formatPrefix } from '../../domain/prefix.ts';
import { MORE_NETWORK_FIELDS, NETWORK_FIELDS, networkRow } from '../../host/show-networks.ts';
import { findNetwork, readRecords } from '../../host/store.ts';
import type { CliCommand, Context } from '../command.ts';
import { chooseFields, formatRows, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';
import type { Row } from '../table.ts';

export const showNetworkCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[name]', 'name of a network (default: all)')
      .addOption(PARSABLE)
      .addOption(outputOption([...NETWORK_FIELDS, ...MORE_NETWORK_FIELDS]))
      .option('--json', 'the records as JSON')
      .action((name: string | undefined, options: ShowOptions) => {
        const network = name === undefined ? undefined : parseNetworkName(name);
        const fields = chooseFields(options, NETWORK_FIELDS, MORE_NETWORK_FIELDS);
        act((context) => run(network, fields, options, context));
      });
  },
};

async function run(
  name: NetworkName | undefined,
  fields: readonly string[],
  options: ShowOptions,
  { host, print, complain, colour }: Context,
): Promise<void> {
  const records = await readRecords(host.system);
  for (const fault of records.damaged) complain(fault);
  const networks = name === undefined ? records.networks : [findNetwork(name, records)];
  const rows = networks.map((network) => networkRow(network, records));
  if (options.json === true) {
    const shown = networks.map((network, index) => ({
      ...network,
      prefixes: network.prefixes.map(formatPrefix),
      proxy: rows[index]?.['proxy'] ?? '',
      free: (rows[index]?.['ranges'] ?? '').split(',').filter((range) => range !== ''),
      zones: (rows[index]?.['zones'] ?? '').split(',').filter((zone) => zone !== ''),
    }));
    print(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  print(formatRows(rows, fields, options, { colour }));
  const [row] = rows;
  if (name !== undefined && row !== undefined && options.output === undefined) print(describeFree(row));
}

/** "free: 10.2.0.4-10.2.0.254", a line each when there are several. */
function describeFree({ ranges = '' }: Row): string {
  if (ranges === '') return 'free: none\n';
  return ranges
    .split(',')
    .map((range, index) => `${index === 0 ? 'free: ' : '      '}${range}\n`)
    .join('');
}
