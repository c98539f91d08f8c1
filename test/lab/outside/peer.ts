// TCP, UDP and HTTP for a test, from the outside host or with the network of a zone. Everything waited for is an event.
import { join } from 'node:path';
import type { LabHandle } from '../lab.ts';
import { createInbox } from './inbox.ts';
import type { Endpoint, PeerEvent, PeerRequest } from './peer-protocol.ts';

export type { Endpoint };

export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  send(text: string): void;
  /** Resolves when that text has come, and takes it and all before it away. */
  expect(text: string, ms?: number): Promise<void>;
  /** Resolves with the rest when the other side has sent its last. */
  ended(ms?: number): Promise<string>;
  close(): void;
}

export interface Listener {
  readonly local: Endpoint;
  accept(ms?: number): Promise<Connection>;
  close(): void;
}

export interface Datagram {
  readonly text: string;
  readonly from: Endpoint;
}

export interface UdpSocket {
  readonly local: Endpoint;
  send(text: string, to: Endpoint): void;
  /** Resolves with the datagram of that text, or with the next one; others before it are dropped. */
  expect(text?: string, ms?: number): Promise<Datagram>;
  close(): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Peer = Awaited<ReturnType<typeof startPeer>>;

const PATIENCE_MS = 10_000;

/** Starts a peer on the network of a zone that is up, or of a namespace by name. It ends with `stop` or with the lab. */
export async function startPeer(lab: LabHandle, where: { zone: string } | { netns: string }) {
  const netns = 'netns' in where ? where.netns : (await lab.zones()).find(({ name }) => name === where.zone)?.netns;
  if (netns === undefined) throw new Error(`no peer: ${JSON.stringify(where)} is not up`);
  const program = lab.spawn([process.execPath, join(process.cwd(), 'build/lab/peer.cjs')], { netns, cwd: '/' });
  const inbox = createInbox();
  program.onLine((line) => {
    if (line.startsWith('{')) inbox.add(JSON.parse(line) as PeerEvent);
  });
  await program.said('ready\n');
  let lastId = 0;
  const ask = (request: PeerRequest) => program.stdin.write(`${JSON.stringify(request)}\n`);
  const close = (id: number) => ask({ op: 'close', id });

  const connectionOf = (id: number, local: Endpoint, remote: Endpoint): Connection => ({
    local,
    remote,
    send: (text) => ask({ op: 'send', id, text }),
    expect: (text, ms = PATIENCE_MS) => inbox.expectText(id, text, ms),
    ended: (ms = PATIENCE_MS) => inbox.restOf(id, ms),
    close: () => close(id),
  });

  return {
    /** Connects; throws PeerError "ECONNREFUSED" when refused and "timeout" when there is no answer. */
    async tcp(
      address: string,
      port: number,
      { from, ms = PATIENCE_MS }: { from?: Partial<Endpoint>; ms?: number } = {},
    ) {
      const id = ++lastId;
      ask({ op: 'connect', id, to: { address, port }, ...(from === undefined ? {} : { from }) });
      const { local, remote } = await inbox.next(id, 'open', ms);
      return connectionOf(id, local, remote ?? { address, port });
    },
    async listen(on: Partial<Endpoint>): Promise<Listener> {
      const id = ++lastId;
      ask({ op: 'listen', id, on });
      const { local } = await inbox.next(id, 'open', PATIENCE_MS);
      const accept = async (ms = PATIENCE_MS) => {
        const accepted = await inbox.next(id, 'accepted', ms);
        return connectionOf(accepted.by, accepted.local, accepted.remote);
      };
      return { local, accept, close: () => close(id) };
    },
    async udp(
      on: Partial<Endpoint> = {},
      family: 4 | 6 = on.address?.includes(':') === true ? 6 : 4,
    ): Promise<UdpSocket> {
      const id = ++lastId;
      ask({ op: 'udp', id, on, family });
      const { local } = await inbox.next(id, 'open', PATIENCE_MS);
      return {
        local,
        send: (text, to) => ask({ op: 'send', id, text, to }),
        expect: async (text, ms = PATIENCE_MS) => {
          const { text: got, from } = await inbox.next(
            id,
            'data',
            ms,
            (event) => text === undefined || event.text === text,
          );
          if (from === undefined) throw new Error('a datagram without its sender');
          return { text: got, from };
        },
        close: () => close(id),
      };
    },
    /** An HTTP request on a connection of its own. */
    async get(
      url: string,
      { headers = {}, ms = PATIENCE_MS }: { headers?: Record<string, string>; ms?: number } = {},
    ): Promise<Answer> {
      const id = ++lastId;
      ask({ op: 'get', id, url, headers });
      const { status, headers: answered, body } = await inbox.next(id, 'answer', ms);
      return { status, headers: answered, body };
    },
    stop: async () => {
      program.stdin.end();
      await program.ended;
    },
  };
}
