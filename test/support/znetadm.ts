import { Command } from 'commander';
import type { CliCommand, Context } from '../../src/cli/command.ts';
import type { Host } from '../../src/host/host.ts';

/**
 * Carries out a command line of znetadm on a host of a test, in this process. Gives what it prints.
 *
 * @throws what the command throws, and commander's own errors for words that are no such command
 */
export async function znetadm(line: string, host: Host): Promise<string> {
  const [name = '', ...words] = line.split(' ');
  // "sync" is another name of it.
  const file = name === 'sync' ? 'repair' : name;
  const modules: Readonly<Record<string, unknown>> = await import(`../../src/cli/commands/${file}.ts`);
  const cli = Object.entries(modules).find(([key]) => key.endsWith('Command'))?.[1] as CliCommand;
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => undefined });
  let act: ((context: Context) => Promise<void>) | undefined;
  cli.configure(command, (chosen) => {
    act = chosen;
  });
  await command.parseAsync(words, { from: 'user' });
  let printed = '';
  await act?.({
    host,
    colour: false,
    print: (text) => {
      printed += text;
    },
    complain: (error) => {
      printed += `${error}\n`;
    },
  });
  return printed;
}
