import { parseAddress } from '../../domain/address.ts';
import { GLOBAL, parseAnyZoneName, parseNetworkName } from '../../domain/names.ts';
import { hasMethod } from '../../domain/zone-record.ts';
import { type AttachRequest, attachZone, planAttachment } from '../../host/attach-zone.ts';
import { bootAttached } from '../../host/boot-attached.ts';
import { readRecords } from '../../host/store.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { parseHostOutside, parseMembership, parseRoute } from '../link-options.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeZone, type LinkOptions, toLinkRequest } from './create-zone.ts';

interface Options extends LinkOptions, PlanOptions {
  readonly boot?: true;
}

export const attachZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of a zone that is there, whoever made it; "global" is the host itself')
      .option(
        '-N, --network <network[=address]>',
        'put it on a network (repeatable). Behind commas: maxbw=50M, priority=low',
        collecting(parseMembership),
      )
      .option('-R, --router-of <network>', 'make it the proxy of a network (repeatable)', collecting(parseNetworkName))
      .option(
        '-x, --outside <[uplink[:vlan]=]address/length>',
        'outside address of a proxy, or "dhcp" (repeatable); of the global zone its own link alone',
        collecting(parseHostOutside),
      )
      .option('-r, --router <address>', 'default router outside, one a family', collecting(parseAddress))
      .option('--route <prefix=router>', 'a route beside the default one (repeatable)', collecting(parseRoute))
      .option('-b, --boot', 'boot it, or boot it anew, and wait until its network is verified')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const boot = options.boot === undefined ? {} : { boot: options.boot };
        const request = { ...toLinkRequest(options), ...boot, name: parseAnyZoneName(name) };
        act((context) => run(request, options, context));
      });
  },
};

async function run(request: AttachRequest, options: Options, { host, print }: Context): Promise<void> {
  const { dryRun, verbose } = options;
  if (dryRun === true) {
    printDryRun(await planAttachment(request, host), verbose, print);
    return;
  }
  const attachment = await attachZone(request, host);
  const { boot } = request;
  const isHost = request.name === GLOBAL;
  if (boot === true && !isHost) await bootAttached(attachment, host);
  const { record, needsBoot } = attachment;
  print(`${describeZone(record, (await readRecords(host.system)).zones)}\n`);
  if (boot === true || record.origin === 'made' || isHost) return;
  const how = needsBoot ? 'It has its links from its next boot' : 'It is not booted';
  const what = hasMethod(record) ? ', and needs the services of zonenet then' : '';
  print(`  ${how}${what}. To do both: -b, or now: znetadm attach-zone -b ${record.name}\n`);
}
