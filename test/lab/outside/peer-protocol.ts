// What a test and its peer program (peer-program.ts) say to each other: one JSON object a line, on stdin and stdout.

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `id` names a socket; the test chooses it. */
export type PeerRequest =
  | { readonly op: 'connect'; readonly id: number; readonly to: Endpoint; readonly from?: Partial<Endpoint> }
  | { readonly op: 'listen'; readonly id: number; readonly on: Partial<Endpoint> }
  | { readonly op: 'udp'; readonly id: number; readonly on: Partial<Endpoint>; readonly family: 4 | 6 }
  | {
      readonly op: 'get';
      readonly id: number;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly op: 'send'; readonly id: number; readonly text: string; readonly to?: Endpoint }
  | { readonly op: 'close'; readonly id: number };

export type PeerEvent =
  /** A socket is connected, or bound and listening. */
  | { readonly event: 'open'; readonly id: number; readonly local: Endpoint; readonly remote?: Endpoint }
  /** A listener has a new connection, which goes by the program's own id: a negative one. */
  | {
      readonly event: 'accepted';
      readonly id: number;
      readonly by: number;
      readonly local: Endpoint;
      readonly remote: Endpoint;
    }
  | { readonly event: 'data'; readonly id: number; readonly text: string; readonly from?: Endpoint }
  | {
      readonly event: 'answer';
      readonly id: number;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The other side has sent its last. */
  | { readonly event: 'end'; readonly id: number }
  /** `code` as Node names it: "ECONNREFUSED". */
  | { readonly event: 'error'; readonly id: number; readonly code: string };
