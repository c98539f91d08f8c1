// Where zones get the socket that their stand-ins call. The daemon says how; the kernel side need not know the dispatcher.
import type { Zone } from '../daemon/state.ts';

export interface ZoneSocket {
  close(): void;
}

type Opener = (zone: Zone) => Promise<ZoneSocket>;

let opener: Opener | undefined;

export function provideSockets(open: Opener): void {
  opener = open;
}

/** Opens the socket of a zone that is about to start. */
export function openSocket(zone: Zone): Promise<ZoneSocket> {
  if (opener === undefined) throw new Error('nobody provides sockets');
  return opener(zone);
}
