// Sockets for a test, in the network namespace this program is started in. Ends with its standard input.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { get } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Endpoint, PeerEvent, PeerRequest } from './peer-protocol.ts';

const connections = new Map<number, Socket>();
const listeners = new Map<number, Server>();
const datagrams = new Map<number, UdpSocket>();
let lastAccepted = 0;

const tell = (event: PeerEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
const tellError = (id: number) => (error: NodeJS.ErrnoException) =>
  tell({ event: 'error', id, code: error.code ?? error.message });

const plain = (address = '') => address.replace(/^::ffff:/, '');
const localOf = (socket: Socket): Endpoint => ({ address: plain(socket.localAddress), port: socket.localPort ?? 0 });
const remoteOf = (socket: Socket): Endpoint => ({ address: plain(socket.remoteAddress), port: socket.remotePort ?? 0 });

function follow(id: number, socket: Socket): void {
  connections.set(id, socket);
  socket.setEncoding('utf8').setNoDelay(true);
  socket.on('data', (chunk) => tell({ event: 'data', id, text: chunk.toString() }));
  socket.on('end', () => tell({ event: 'end', id }));
  socket.on('error', tellError(id));
  socket.on('close', () => connections.delete(id));
}

function openConnection({ id, to, from }: Extract<PeerRequest, { op: 'connect' }>): void {
  const socket = connect({
    host: to.address,
    port: to.port,
    allowHalfOpen: true,
    ...(from?.address === undefined ? {} : { localAddress: from.address }),
    ...(from?.port === undefined ? {} : { localPort: from.port }),
  });
  follow(id, socket);
  socket.on('connect', () => tell({ event: 'open', id, local: localOf(socket), remote: remoteOf(socket) }));
}

function listen({ id, on }: Extract<PeerRequest, { op: 'listen' }>): void {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    lastAccepted -= 1;
    follow(lastAccepted, socket);
    tell({ event: 'accepted', id, by: lastAccepted, local: localOf(socket), remote: remoteOf(socket) });
  });
  listeners.set(id, server);
  server.on('error', tellError(id));
  server.listen({ host: on.address ?? '::', port: on.port ?? 0 }, () => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error(`listening on ${bound}`);
    tell({ event: 'open', id, local: { address: bound.address, port: bound.port } });
  });
}

function openUdp({ id, on, family }: Extract<PeerRequest, { op: 'udp' }>): void {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  datagrams.set(id, socket);
  socket.on('error', tellError(id));
  socket.on('message', (text, { address, port }) =>
    tell({ event: 'data', id, text: text.toString('utf8'), from: { address, port } }),
  );
  const bound = () => tell({ event: 'open', id, local: socket.address() });
  socket.bind({ port: on.port ?? 0, ...(on.address === undefined ? {} : { address: on.address }) }, bound);
}

function fetchPage({ id, url, headers }: Extract<PeerRequest, { op: 'get' }>): void {
  const request = get(url, { headers, agent: false }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('error', tellError(id));
    response.on('end', () => {
      const named = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
      tell({ event: 'answer', id, status: response.statusCode ?? 0, headers: Object.fromEntries(named), body });
    });
  });
  request.on('error', tellError(id));
}

function send({ id, text, to }: Extract<PeerRequest, { op: 'send' }>): void {
  if (to === undefined) connections.get(id)?.write(text);
  else datagrams.get(id)?.send(text, to.port, to.address, (error) => error !== null && tellError(id)(error));
}

function close(id: number): void {
  connections.get(id)?.end();
  listeners.get(id)?.close();
  datagrams.get(id)?.close();
}

function serve(request: PeerRequest) {
  switch (request.op) {
    case 'connect':
      return openConnection(request);
    case 'listen':
      return listen(request);
    case 'udp':
      return openUdp(request);
    case 'get':
      return fetchPage(request);
    case 'send':
      return send(request);
    case 'close':
      return close(request.id);
  }
}

createInterface(process.stdin)
  .on('line', (line) => serve(JSON.parse(line) as PeerRequest))
  .on('close', () => process.exit());
process.stdout.write('ready\n');
