import { type Address, parseAddress } from '../../domain/address.ts';
import { describeForward, formatTargetPort } from '../../domain/forward.ts';
import type { ForwardRequest } from '../../host/decide-forward.ts';
import { addForward, type ForwardChange, planAddForward } from '../../host/forwards.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { parseOutsidePort, parseTarget } from '../forward-words.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly address?: Address;
}

const HELP = `
A range keeps its order: "tcp/8000-8010 web1:9000" leads 8001 to 9001; "web1:=9000" leads all to 9000.
Redirects act on what comes from outside. Zones behind the proxy take the zone's own name or address and port.
`;

export const addForwardCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<protocol/port>', 'what of the outside is led in: tcp/443, udp/5000-5009')
      .argument('<zone[:port]>', 'where it leads; without a port the same as outside')
      .option('-a, --address <address>', 'outside address of the proxy, when it has several', reading(parseAddress))
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .addHelpText('after', HELP)
      .action((from: string, to: string, { address, ...options }: Options) => {
        const { protocol, ports } = parseOutsidePort(from);
        const request = { protocol, ...parseTarget(to, ports), ...(address === undefined ? {} : { outside: address }) };
        act((context) => run(request, options, context));
      });
  },
};

async function run(request: ForwardRequest, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planAddForward(request, host)).plan, verbose, print);
    return;
  }
  print(describe(await addForward(request, host)));
}

function describe({ zone, forward, way, publications }: ForwardChange): string {
  if (typeof way === 'string') return `${describeForward(forward)}: leads nowhere, ${way}\n`;
  const { proxy, link, redirect } = way;
  const port = formatTargetPort(forward);
  const runs = publications.some(({ record, running }) => running && record.name === proxy.name);
  return [
    `forward ${describeForward(forward)}: to zone ${zone.name}, ${redirect.to} port ${port} (${proxy.name})`,
    ...(runs ? [] : [`  applied when zone ${proxy.name} boots`]),
    `  from behind ${proxy.name}: ${redirect.to} port ${port}, or by the zone's name; ${forward.outside} is redirected on ${link} only`,
    '',
  ].join('\n');
}
