// The servers of the outside host, one process in its namespace: HTTP on 80, TCP and UDP echo on 7.
// Prints "ready" when all of them listen. Ends with its standard input.
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';

const HTTP_PORT = 80;
const ECHO_PORT = 7;

/** Bytes a download is sent in at a time. */
const CHUNK = Buffer.alloc(64 * 1024, 'z');

/** Without "::ffff:", so that both families print as people write them. */
const plainAddress = (address: string | undefined) => (address ?? '').replace(/^::ffff:/, '');

/** "/" tells the peer as the server saw it; "/bytes/N" sends N bytes; all else is 404. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const bytes = /^\/bytes\/(\d{1,12})$/.exec(request.url ?? '')?.[1];
  if (bytes !== undefined) {
    sendBytes(Number(bytes), response);
    return;
  }
  const known = request.url === '/';
  response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(known ? `peer ${plainAddress(request.socket.remoteAddress)}\n` : 'not found\n');
}

function sendBytes(count: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': count });
  let left = count;
  const send = () => {
    while (left > 0) {
      const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
}

function main(): void {
  const http = createHttpServer(answer);
  const tcp = createTcpServer((socket) => {
    // A client that goes away in the middle is nothing to report.
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  const udp = createSocket({ type: 'udp6', ipv6Only: false });
  udp.on('message', (message, { address, port }) => udp.send(message, port, address));

  let waiting = 3;
  const listening = () => {
    waiting -= 1;
    if (waiting === 0) process.stdout.write('ready\n');
  };
  http.listen(HTTP_PORT, '::', listening);
  tcp.listen(ECHO_PORT, '::', listening);
  udp.bind(ECHO_PORT, '::', listening);
  process.stdin.on('end', () => process.exit());
  process.stdin.resume();
}

main();
