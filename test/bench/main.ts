// `npm run bench`: speed as ratios within one run. Times are of this machine, in the lab; ratios are what to compare.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type LabHandle, startLab } from '../lab/lab.ts';
import { benchInNamespaces } from './in-namespaces.ts';
import { formatRatio, measure } from './measure.ts';
import { createStory, fillWithRecords } from './story.ts';
import { benchTrace } from './trace.ts';

const ROUNDS = 15;
const METHOD = '/opt/zonenet/method/zonenet';

const print = (text: string) => process.stdout.write(text);
const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

async function must(lab: LabHandle, argv: readonly string[], zone: string): Promise<void> {
  await lab.mustRun(argv, { zone });
}

/** The boot method on unchanged metadata, beside a shell script of the same commands and nothing else. */
async function measureMethod(lab: LabHandle, zone: string): Promise<void> {
  const mark = await lab.mark();
  await must(lab, [METHOD, 'start'], zone);
  const commands = (await lab.calls(mark)).filter((call) => call.zone === zone && !call.internal);
  const lines = commands.map(({ argv }) => argv.map(quote).join(' '));
  await lab.writeFile(
    zone,
    '/root/floor.sh',
    `#!/bin/sh\n${lines.map((line) => `${line} >/dev/null 2>&1\n`).join('')}`,
    0o755,
  );
  const times = await measure(
    [
      { name: 'method', run: () => must(lab, [METHOD, 'start'], zone) },
      { name: 'shell', run: () => must(lab, ['/bin/sh', '/root/floor.sh'], zone) },
      { name: 'node', run: () => must(lab, ['/opt/ooce/bin/node', '-e', '0'], zone) },
    ],
    ROUNDS,
  );
  const [method = 0, shell = 0, node = 0] = ['method', 'shell', 'node'].map((name) => times.get(name));
  print(
    formatRatio(`boot method of ${zone}, unchanged, ${commands.length} commands`, method, 'sh, same commands', shell),
  );
  print(formatRatio('  the same beside an empty node and the shell script', method, 'node + sh', node + shell));
}

/** show-zone with a thousand records, beside an empty node. */
async function measureShowZone(lab: LabHandle, count: number): Promise<void> {
  await fillWithRecords(lab, count);
  const times = await measure(
    [
      {
        name: 'show',
        run: () => must(lab, ['/opt/zonenet/bin/znetadm', 'show-zone', '-p', '-o', 'zone,link,address'], 'global'),
      },
      { name: 'node', run: () => must(lab, ['/opt/ooce/bin/node', '-e', '0'], 'global') },
    ],
    ROUNDS,
  );
  print(
    formatRatio(
      `znetadm show-zone with ${count} records`,
      times.get('show') ?? 0,
      'empty node',
      times.get('node') ?? 0,
    ),
  );
}

async function benchMethod(): Promise<void> {
  const lab = await startLab();
  try {
    await createStory(lab);
    await measureMethod(lab, 'web1');
    await measureMethod(lab, 'proxy');
    await measureShowZone(lab, 1000);
  } finally {
    await lab.stop();
  }
}

const build = join(import.meta.dirname, '../..');

/** By the name that `npm run bench NAME` chooses them with. */
const SECTIONS: Readonly<Record<string, () => Promise<void>>> = {
  method: benchMethod,
  trace: async () => benchTrace(print),
  boot: async () => benchInNamespaces('boot', build, join(build, 'bench-zone')),
  allocator: async () => benchInNamespaces('allocator', build, join(build, 'bench-host')),
};

async function bench(chosen: readonly string[]): Promise<void> {
  const unknown = chosen.find((name) => !Object.hasOwn(SECTIONS, name));
  if (unknown !== undefined) throw new Error(`no section "${unknown}"; there are: ${Object.keys(SECTIONS).join(', ')}`);
  print(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}; medians of runs that take turns\n`,
  );
  for (const [name, run] of Object.entries(SECTIONS)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    print(`\n${name}\n`);
    await run();
  }
}

await bench(process.argv.slice(2));
