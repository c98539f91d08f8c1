// Frames between the client and labd (lab.md part 5).

/** What a stand-in asks for. */
export interface Request {
  /** pid and parent pid as the caller's zone counts them. */
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  readonly cwd: string;
  /** argv[0] is the base name of the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** `o` stdout, `e` stderr, `x` exit status (the last), `i` send me stdin, `X` NUL-separated argv: become this program. */
export type ReplyType = 'o' | 'e' | 'x' | 'i' | 'X' | 'p' | 'f';

export function formatFrame(type: ReplyType, payload: string | Buffer): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** Cuts a stream into frames: u32 length and bytes, after `headBytes` of type. Chunks are joined once per frame. */
export function frameReader(headBytes: 0 | 1, onFrame: (body: Buffer, type: string) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = headBytes + 4;
  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= needed) {
      const data = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      const end = headBytes + 4 + data.readUInt32BE(headBytes);
      needed = end;
      chunks = [data];
      if (held < end) return;
      const rest = data.subarray(end);
      chunks = rest.length === 0 ? [] : [rest];
      held = rest.length;
      needed = headBytes + 4;
      onFrame(data.subarray(headBytes + 4, end), data.toString('latin1', 0, headBytes));
    }
  };
}

/**
 * Reads a request: version, pid, ppid, uid, cwd, argc, argv…, envc, env….
 *
 * @throws {Error} when it is cut short or of another version
 */
export function parseRequest(body: Buffer): Request {
  const strings = body.toString('utf8').split('\0');
  const take = () => {
    const text = strings.shift();
    if (text === undefined) throw new Error('request cut short');
    return text;
  };
  const list = () => Array.from({ length: Number(take()) }, take);
  const version = take();
  if (version !== '1') throw new Error(`request of version "${version}"`);
  const [pid, parent, uid] = [Number(take()), Number(take()), Number(take())];
  const cwd = take();
  const argv = list();
  const env = Object.fromEntries(
    list().map((entry) => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  return { pid, parent, uid, cwd, argv, env };
}

/** u32 length and NUL-ended strings: what a zone's init is told. */
export function formatStrings(strings: readonly (string | number)[]): Buffer {
  const body = Buffer.from(strings.map((text) => `${text}\0`).join(''));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}
