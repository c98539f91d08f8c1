// The sockets of the stand-ins, one for each zone: which one a call came in by says which zone it is from.
import { mkdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { killCaller } from '../kernel/callers.ts';
import type { Caller, Dispatcher } from './dispatch.ts';
import type { Request } from './protocol.ts';
import { formatFrame, frameReader, parseRequest } from './protocol.ts';
import type { Lab, Zone } from './state.ts';

/** Where a zone's socket is, as labd sees it; the directory is bound into the zone at /usr/lib/lab/s. */
export const socketDirectory = (lab: Pick<Lab, 'run'>, zone: Zone): string => join(lab.run, 's', zone.name);

/** Listens for a zone's calls. `close` ends it when the zone is gone for good. */
export async function listenForZone(
  lab: Lab,
  zone: Zone,
  dispatch: Dispatcher,
): Promise<{ readonly close: () => void }> {
  const directory = socketDirectory(lab, zone);
  mkdirSync(directory, { recursive: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(lab, zone, socket, dispatch));
  // One thousand callers may wait to be accepted; the kernel may allow fewer.
  await new Promise<void>((resolve) => server.listen({ path: join(directory, 'labd'), backlog: 1024 }, resolve));
  return {
    close() {
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The first frame is the request; those after it are stdin, an empty one its end. */
function serve(lab: Lab, zone: Zone, socket: Socket, dispatch: Dispatcher) {
  const stdin: Buffer[] = [];
  let request: Request | undefined;
  let stdinEnded: () => void = () => {};
  const wholeStdin = new Promise<void>((resolve) => {
    stdinEnded = resolve;
  });
  const read = frameReader(0, (body) => {
    if (request === undefined) {
      request = parseRequest(body);
      void answer(lab, zone, socket, request, dispatch, async () => {
        socket.write(formatFrame('i', ''));
        await wholeStdin;
        return Buffer.concat(stdin);
      });
    } else if (body.length === 0) stdinEnded();
    else stdin.push(body);
  });
  socket.on('data', read);
  // A caller that was killed: what it asked for goes on, as a system call in progress would.
  socket.on('error', stdinEnded);
  socket.on('end', () => {
    stdinEnded();
    socket.end();
  });
}

async function answer(
  lab: Lab,
  zone: Zone,
  socket: Socket,
  request: Request,
  dispatch: Dispatcher,
  readStdin: () => Promise<Buffer>,
) {
  const { argv, cwd, uid, env, parent } = request;
  // What is said at once goes out at once, with the end if that comes.
  const say = (frame: Buffer) => {
    socket.cork();
    socket.write(frame);
    process.nextTick(() => socket.uncork());
  };
  const caller: Caller = {
    zone,
    argv,
    cwd,
    uid,
    env,
    pid: parent,
    internal: false,
    readStdin,
    out: (data) => say(formatFrame('o', data)),
    err: (data) => say(formatFrame('e', data)),
    kill: () => killCaller(lab, zone, request),
  };
  const ending = await dispatch(caller);
  if (ending === 'lost') return;
  if (typeof ending === 'number') socket.end(formatFrame('x', String(ending)));
  else socket.end(formatFrame('X', ending.become.map((word) => `${word}\0`).join('')));
}
