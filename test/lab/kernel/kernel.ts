// ip, nft and friends on network namespaces by name (lab.md parts 1 and 6).
import type { Kernel } from '../daemon/state.ts';
import { mustRun, runProgram } from './run-program.ts';

/** Network namespaces are named below /run/netns of the lab's own /run; `client` is the path of the lab's C program. */
export function createKernel(client: string): Kernel {
  const within = (netns: string, argv: readonly string[]) => [client, 'netns', netns, ...argv];
  return {
    async ip(netns, lines) {
      if (lines.length === 0) return;
      await mustRun(within(netns, ['ip', '-batch', '-']), `${lines.join('\n')}\n`);
    },
    async ipJson(netns, args) {
      const text = await mustRun(within(netns, ['ip', '-j', ...args]));
      return text.trim() === '' ? [] : (JSON.parse(text) as unknown[]);
    },
    async nft(netns, script) {
      await mustRun(within(netns, ['nft', '-f', '-']), script);
    },
    async nftJson(netns, args) {
      return JSON.parse(await mustRun(within(netns, ['nft', '-j', ...args]))) as unknown;
    },
    exec: (netns, argv, stdin) => runProgram(within(netns, argv), stdin),
    async sysctl(netns, settings) {
      if (settings.length === 0) return;
      await mustRun([client, 'sysctl', netns, ...settings.flat()]);
    },
  };
}

/** The namespaces that belong to no zone: all switches, and the outside host. */
export async function makeNetworkNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) await mustRun(['ip', 'netns', 'add', name]);
}
