// The outside as a test uses it: its servers, its programs, and what is on its wire.
import { join } from 'node:path';
import type { LabHandle } from '../lab.ts';
import { type Frame, readFrame } from './frame.ts';
import { startPeer } from './peer.ts';
import { INTERNET } from './wire.ts';

export interface Capture {
  /** Frames seen so far, in order. */
  frames(): readonly Frame[];
  /** Ends the capture and gives all frames. */
  stop(): Promise<readonly Frame[]>;
}

export type Internet = Awaited<ReturnType<typeof startInternet>>;

/**
 * Starts the servers of the outside host (server.ts): HTTP on 80 that tells the peer it saw, TCP and UDP echo on 7.
 * They end with the lab.
 */
export async function startInternet(lab: LabHandle) {
  const server = lab.spawn([process.execPath, join(process.cwd(), 'build/lab/internet.cjs')], {
    netns: 'inet',
    cwd: '/',
  });
  await server.said('ready\n');
  const run = (argv: readonly string[], timeoutMs = 10_000) => lab.run(argv, { netns: 'inet', cwd: '/', timeoutMs });
  const { tcp, udp, listen, get } = await startPeer(lab, { netns: 'inet' });
  return {
    address: INTERNET.address,
    address6: INTERNET.address6,
    /** Clients and servers of the outside host (peer.ts). */
    ...{ tcp, udp, listen, get },
    /** Runs a program of the machine on the outside host. */
    run,
    /** Sends packets for a network to a host of the wire, as a neighbour who knows of it would. */
    routeTo: async (prefix: string, via: string) => {
      const { status, stderr } = await run(['ip', 'route', 'replace', prefix, 'via', via]);
      if (status !== 0) throw new Error(`ip route: ${stderr}`);
    },
    capture: () => capture(lab, INTERNET.link),
  };
}

/** Captures every frame that crosses the switch of a link, whoever it is for. */
export async function capture(lab: LabHandle, linkName: string): Promise<Capture> {
  const bridge = await lab.bridgeOf(linkName);
  // A bridge in promiscuous mode hands every frame it forwards to itself as well.
  const { status, stderr } = await lab.run(['ip', 'link', 'set', bridge, 'promisc', 'on'], { netns: 'sw', cwd: '/' });
  if (status !== 0) throw new Error(`ip link: ${stderr}`);
  const tap = lab.spawn([join(lab.directory, 'lab'), 'capture', bridge], { netns: 'sw', cwd: '/' });
  await tap.said('ready\n');
  const frames = () =>
    tap
      .stdout()
      .split('\n')
      .slice(1, -1)
      .map((line) => readFrame(line.replace(/^(in|out) /, '')));
  return {
    frames,
    async stop() {
      await tap.kill('SIGTERM');
      await tap.ended;
      return frames();
    },
  };
}
