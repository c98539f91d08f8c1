import { Command, CommanderError } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { monotonic } from '../system/monotonic.ts';
import type { CliCommand, Context } from './command.ts';
import { EXIT, exitStatusOf } from './exit-status.ts';
import { createNodeHost } from './node-host.ts';
import { formatError } from './print-error.ts';
import { createProgress } from './progress.ts';

/** What a command is for, and where it is. */
interface Listed {
  readonly summary: string;
  readonly load: () => Promise<CliCommand>;
}

/** Every command. Only the one that is called is loaded. */
const COMMANDS: Readonly<Record<string, Listed>> = {
  'create-network': {
    summary: 'make a hidden network',
    load: async () => (await import('./commands/create-network.ts')).createNetworkCommand,
  },
  'show-network': {
    summary: 'show hidden networks',
    load: async () => (await import('./commands/show-network.ts')).showNetworkCommand,
  },
  'set-network': {
    summary: 'rename, grow or renumber a hidden network, or change how it is served',
    load: async () => (await import('./commands/set-network.ts')).setNetworkCommand,
  },
  'delete-network': {
    summary: 'delete a hidden network that nobody is on',
    load: async () => (await import('./commands/delete-network.ts')).deleteNetworkCommand,
  },
  'create-zone': {
    summary: 'make a zone on a hidden network, or the proxy in front of it',
    load: async () => (await import('./commands/create-zone.ts')).createZoneCommand,
  },
  'show-zone': {
    summary: 'show zones, their links and addresses, and what they applied',
    load: async () => (await import('./commands/show-zone.ts')).showZoneCommand,
  },
  'attach-zone': {
    summary: 'give links to a zone that is there, whoever made it',
    load: async () => (await import('./commands/attach-zone.ts')).attachZoneCommand,
  },
  'detach-zone': {
    summary: 'take from a zone what attach-zone gave it',
    load: async () => (await import('./commands/detach-zone.ts')).detachZoneCommand,
  },
  'delete-zone': {
    summary: 'delete a zone and all that it was given',
    load: async () => (await import('./commands/delete-zone.ts')).deleteZoneCommand,
  },
  'add-forward': {
    summary: 'lead a port of the outside to a zone',
    load: async () => (await import('./commands/add-forward.ts')).addForwardCommand,
  },
  'delete-forward': {
    summary: 'lead it there no more',
    load: async () => (await import('./commands/delete-forward.ts')).deleteForwardCommand,
  },
  'show-forward': {
    summary: 'show what of the outside leads where',
    load: async () => (await import('./commands/show-forward.ts')).showForwardCommand,
  },
  publish: {
    summary: 'serve a zone by its name through its proxy',
    load: async () => (await import('./commands/publish.ts')).publishCommand,
  },
  unpublish: {
    summary: 'serve it no more',
    load: async () => (await import('./commands/unpublish.ts')).unpublishCommand,
  },
  'show-site': {
    summary: 'show what is served by name, from where',
    load: async () => (await import('./commands/show-site.ts')).showSiteCommand,
  },
  'add-rule': {
    summary: 'add a rule to the packet filter of a zone',
    load: async () => (await import('./commands/add-rule.ts')).addRuleCommand,
  },
  'delete-rule': {
    summary: 'take rules out of it',
    load: async () => (await import('./commands/delete-rule.ts')).deleteRuleCommand,
  },
  'show-rule': {
    summary: 'show the rules of packet filters, and which can never match',
    load: async () => (await import('./commands/show-rule.ts')).showRuleCommand,
  },
  'set-zone': {
    summary: 'change a zone: its addresses, what its links may use, groups that rules name, values for templates',
    load: async () => (await import('./commands/set-zone.ts')).setZoneCommand,
  },
  trace: {
    summary: 'tell whether a packet would pass, by which lines of rules, and how it is translated',
    load: async () => (await import('./commands/trace.ts')).traceCommand,
  },
  'list-templates': {
    summary: 'show which template each file of a zone is made from, and where it comes from',
    load: async () => (await import('./commands/list-templates.ts')).listTemplatesCommand,
  },
  'copy-template': {
    summary: 'begin an override from a shipped template',
    load: async () => (await import('./commands/copy-template.ts')).copyTemplateCommand,
  },
  'check-template': {
    summary: 'show what is wrong in templates of the host, and which an upgrade has left behind',
    load: async () => (await import('./commands/check-template.ts')).checkTemplateCommand,
  },
  render: {
    summary: 'show what files of a zone would be, beside what it has',
    load: async () => (await import('./commands/render.ts')).renderCommand,
  },
  'repair-links': {
    summary: 'make the links of all zones as recorded, and nothing else: for the boot of the host',
    load: async () => (await import('./commands/repair-links.ts')).repairLinksCommand,
  },
  watch: {
    summary: 'watch zones boot, and put back what protects their links',
    load: async () => (await import('./commands/watch.ts')).watchCommand,
  },
  check: {
    summary: 'show what is not as it is recorded',
    load: async () => (await import('./commands/check.ts')).checkCommand,
  },
  why: {
    summary: 'tell whose an address or a link is, since when, by which command',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
  adopt: {
    summary: 'take over a hidden network that was made by hand or by zap',
    load: async () => (await import('./commands/adopt.ts')).adoptCommand,
  },
  export: {
    summary: 'print all records as one file',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  import: {
    summary: 'take over records that export has printed, all or none',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  'show-history': {
    summary: 'show who changed what, when, by which command',
    load: async () => (await import('./commands/show-history.ts')).showHistoryCommand,
  },
  repair: {
    summary: 'make everything as it is recorded, and finish what was interrupted',
    load: async () => (await import('./commands/repair.ts')).repairCommand,
  },
  sync: {
    summary: 'the same as repair',
    load: async () => (await import('./commands/repair.ts')).repairCommand,
  },
};

const EXIT_HELP = `
Exit status: 0 done, 1 failed, 2 usage, 3 full, 4 not found, 5 in use, 6 drift.
Changing commands take -n: it prints the plan and changes nothing.
`;

/** The program with the command that is called, or with all for help. */
async function createProgram(called: string | undefined, act: (run: (context: Context) => Promise<void>) => void) {
  const program = new Command('znetadm')
    .description('gives zones their network: hidden networks behind proxy zones')
    .helpCommand('help [command]', 'how to call a command')
    .addHelpText('after', EXIT_HELP);
  quiet(program);
  const isOne = called !== undefined && Object.hasOwn(COMMANDS, called);
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    if (isOne && name !== called) continue;
    const command = program.command(name).summary(summary).description(summary);
    quiet(command);
    (await load()).configure(command, act);
  }
  return program;
}

/** Commander throws instead of ending the process, and leaves errors for us to print. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
}

async function main(args: readonly string[]): Promise<number> {
  const progress = createProgress(process.stderr, monotonic);
  const context: Context = {
    host: createNodeHost(progress, args),
    colour: process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    print: (text) => {
      progress.end();
      process.stdout.write(text);
    },
    complain: (error) => process.stderr.write(formatError(error)),
  };
  try {
    let run: ((context: Context) => Promise<void>) | undefined;
    const program = await createProgram(args[0], (chosen) => {
      run = chosen;
    });
    if (args.length === 0) throw new OperatorError('USAGE', 'No command given', { hint: usageOf(program) });
    await parse(program, args);
    await run?.(context);
    return EXIT.done;
  } catch (error) {
    progress.end();
    process.stderr.write(formatError(error));
    return exitStatusOf(error);
  }
}

async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help was asked for, and was printed.
    if (error.exitCode === 0) return;
    const command = program.commands.find((candidate) => candidate.name() === args[0]) ?? program;
    const [what = '', ...more] = error.message.replace(/^error: /, '').split('\n');
    throw new OperatorError('USAGE', what, { hint: [...more, usageOf(command)].join('\n') });
  }
}

function usageOf(command: Command): string {
  const parent = command.parent === null ? '' : `${command.parent.name()} `;
  return `usage: ${parent}${command.name()} ${command.usage()}\nsee:   ${parent}${command.name()} --help`;
}

// A closed pipe ("znetadm show-zone | head") is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exitCode = error.code === 'EPIPE' ? EXIT.done : EXIT.failed;
});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    process.stderr.write(formatError(error));
    process.exitCode = EXIT.failed;
  },
);
