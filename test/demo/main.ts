// `npm run demo`: the story, played in a lab, with every command, its answer and what was proved.
import { startLab } from '../lab/lab.ts';
import { startInternet } from '../lab/outside/internet.ts';
import { forwardsAndFilters, losesNoRequest, publishesByName, takesDown } from './second-story.ts';
import { createStage, formatProofs } from './stage.ts';
import {
  create,
  isHidden,
  leavesNothing,
  neverLeaks,
  observeHost,
  reachesOutside,
  refusesDeletion,
  survivesReboot,
} from './story.ts';

const PICTURE = `
  internet 203.0.113.1
     │ e1000g0
  ┌──┴─ pnic0 203.0.113.5 ─┐
  │ proxy   NAT, filter    │
  └──┬─ znic0 10.2.0.1 ────┘
     │ zstub0  back 10.2.0.0/24
     ├─ znic1 10.2.0.2  web1
     └─ znic2 10.2.0.3  db1
`;

async function play(): Promise<boolean> {
  const started = performance.now();
  const lab = await startLab();
  const stage = createStage(lab, (text) => process.stdout.write(text));
  try {
    const internet = await startInternet(lab);
    const before = await observeHost(lab);
    await create(stage);
    await reachesOutside(stage);
    await isHidden(stage, internet);
    await neverLeaks(stage, internet);
    await survivesReboot(stage);
    await refusesDeletion(stage);
    await leavesNothing(stage, before);
    await publishesByName(stage, internet);
    await losesNoRequest(stage);
    await forwardsAndFilters(stage, internet);
    await takesDown(stage);
  } finally {
    const refused = await lab.takeNotModelled();
    stage.prove(
      'the lab was asked for nothing it does not model',
      refused.join('; ') || 'nothing',
      refused.length === 0,
    );
    await lab.stop();
  }
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `${PICTURE}\n${formatProofs(stage.proofs)}\n${seconds.toFixed(1)} s in a lab (${lab.mode}); not illumos\n`,
  );
  return stage.proofs.every(({ good }) => good);
}

play().then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
