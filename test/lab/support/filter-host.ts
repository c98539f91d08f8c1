// A host that is nothing but a filter: a namespace with three interfaces whose far ends we hold, rules in nftables, and observers
// behind them that write down which packets got through. One perl process sends everything, so order is kept.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Packet } from '../ipfilter/packet.ts';
import type { Family } from '../ipfilter/rule.ts';
import { ipPacket } from './frame.ts';

export interface FilterHost {
  /** Loads nftables rules; throws with nft's words. */
  load(script: string): Promise<void>;
  /** Sends packets one after the other and answers which got through each hook, by index. Connections of before are forgotten. */
  send(packets: readonly Packet[], forwards: boolean): Promise<{ in: ReadonlySet<number>; out: ReadonlySet<number> }>;
  /** Packets a named counter of a table has seen. */
  counters(family: Family): Promise<ReadonlyMap<string, number>>;
  stop(): void;
}

const LINKS = ['pnic0', 'znic0', 'pnic1'];

/** Everything from outside is for us unless forwarded; nothing of our own leaves but what the sender marks. */
const SET_UP = `
mount --make-rprivate /; mount -t sysfs sysfs /sys 2>/dev/null
ip link set lo up
${LINKS.map((name) => `ip link add ${name} address 02:00:00:00:00:01 type veth peer name far_${name} address 02:00:00:00:00:02`).join('\n')}
for name in ${LINKS.join(' ')}; do
  for key in disable_ipv6; do echo 0 > /proc/sys/net/ipv6/conf/$name/$key; echo 1 > /proc/sys/net/ipv6/conf/far_$name/$key; done
  echo 0 > /proc/sys/net/ipv6/conf/$name/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$name/dad_transmits
  echo 1 > /proc/sys/net/ipv6/conf/$name/addr_gen_mode; echo 0 > /proc/sys/net/ipv6/conf/$name/accept_ra
  echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; echo 1 > /proc/sys/net/ipv4/conf/$name/accept_local
  ip link set far_$name up; ip link set $name up
  ip addr add 192.0.2.$((n=n+1))/32 dev $name; ip addr add 2001:db8:ffff::$n/128 dev $name nodad
done
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all; echo 1 > /proc/sys/net/ipv6/icmp/echo_ignore_all
echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal
for f in -4 -6; do
  ip $f route add default dev pnic0 metric 10 table 100; ip $f route add default dev znic0 metric 20 table 100
  ip $f route add default dev pnic1 metric 30 table 100; [ $f = -4 ] && inside=10.0.0.0/8 || inside=fd00::/8
  ip $f route add $inside dev znic0 metric 5 table 100
  ip $f rule del pref 0; ip $f rule add pref 20 lookup 100 2>/dev/null
done
`;

const OBSERVERS = `
table netdev far {
${LINKS.map((name) => `  chain ${name} { type filter hook ingress device far_${name} priority 0; policy drop; }`).join('\n')}
}
table inet observe {
  set in4 { typeof ip id; }
  set out4 { typeof ip id; }
  set in6 { typeof ip6 flowlabel; }
  set out6 { typeof ip6 flowlabel; }
  chain quiet {
    type filter hook output priority -500; policy accept;
    meta mark != 0x777 drop
  }
  chain prerouting { type filter hook prerouting priority 5; add @in4 { ip id }; add @in6 { ip6 flowlabel }; }
  chain forward { type filter hook forward priority 5; add @out4 { ip id }; add @out6 { ip6 flowlabel }; }
  chain output { type filter hook output priority 5; add @out4 { ip id }; add @out6 { ip6 flowlabel }; }
}
`;

/** The answers to "is it for us": every address, or none. */
const ROUTES = (forwards: boolean) =>
  ['-4', '-6']
    .map(
      (
        family,
      ) => `ip ${family} rule del pref 10 2>/dev/null; ${forwards ? '' : `ip ${family} rule add pref 10 lookup 200;`}
ip ${family} route replace local ${family === '-4' ? '0.0.0.0/0' : '::/0'} dev lo table 200`,
    )
    .join('\n');

/** Commands, one a line: in DEV HEX · out DEV FAMILY HEX · sh LENGTH · flush. Each answers a line; a shell's output comes before it. */
const PERL = String.raw`
use Socket; $| = 1; my (%raw, %packet);
sub ifindex { open(my $f, '<', "/sys/class/net/$_[0]/ifindex") or die; my $i = <$f>; chomp $i; $i }
while (my $line = <STDIN>) {
  chomp $line; my ($what, @words) = split / /, $line;
  if ($what eq 'in') {
    my ($dev, $hex) = @words;
    unless ($packet{$dev}) { socket($packet{$dev}, 17, 3, 0) or die "packet: $!"; }
    my $frame = pack('H*', $hex);
    send($packet{$dev}, $frame, 0, pack('SnlSCCa8', 17, unpack('x12 n', $frame), ifindex($dev), 0, 0, 6, substr($frame, 0, 6))) or warn "send: $!";
    print "ok\n";
  } elsif ($what eq 'out') {
    my ($dev, $family, $hex) = @words;
    unless ($raw{"$dev$family"}) {
      socket($raw{"$dev$family"}, $family == 4 ? 2 : 10, 3, 255) or die "raw: $!";
      setsockopt($raw{"$dev$family"}, 1, 25, "$dev\0") or die "device: $!";
      setsockopt($raw{"$dev$family"}, 1, 36, pack('L', 0x777)) or die "mark: $!";
      if ($family == 6) { setsockopt($raw{"$dev$family"}, 41, 36, pack('l', 1)) or die "hdrincl: $!"; }
    }
    my $bytes = pack('H*', $hex);
    my $to = $family == 4 ? pack('Sna4x8', 2, 0, substr($bytes, 16, 4)) : pack('SnNa16L', 10, 0, 0, substr($bytes, 24, 16), 0);
    send($raw{"$dev$family"}, $bytes, 0, $to); print "ok $!\n";
  } elsif ($what eq 'sh') {
    read(STDIN, my $script, $words[0]);
    open(my $sh, '|-', 'exec sh 2>&1') or die; print $sh $script; close $sh; print "\nend " . ($? >> 8) . "\n";
  } elsif ($what eq 'flush') {
    socket(my $s, 16, 3, 12) or die; send($s, pack('LSSLLCCn', 20, 258, 5, 1, 0, 0, 0, 0), 0); recv($s, my $answer, 4096, 0); print "ok\n";
  }
}
`;

/** Starts one; it ends with its stdin, so with the test. */
export async function startFilterHost(): Promise<FilterHost> {
  const isRoot = process.getuid?.() === 0;
  const child = spawn('unshare', [...(isRoot ? ['-mn'] : ['-Urmn']), 'perl', '-e', PERL], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const talk = conversation(child);
  const host = filterHost(talk, child);
  await shell(talk, SET_UP);
  await host.load(OBSERVERS);
  return host;
}

interface Conversation {
  say(text: string): void;
  line(): Promise<string>;
}

function conversation(child: ChildProcessByStdio<Writable, Readable, null>): Conversation {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    say: (text) => child.stdin.write(text),
    async line() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the filter host ended');
      return value;
    },
  };
}

async function shell(talk: Conversation, script: string): Promise<string> {
  talk.say(`sh ${Buffer.byteLength(script)}\n${script}`);
  const output: string[] = [];
  for (let line = await talk.line(); ; line = await talk.line()) {
    if (line === 'end 0') return output.join('\n');
    if (line.startsWith('end ')) throw new Error(`${output.join('\n')}: ${line}`);
    output.push(line);
  }
}

const heredoc = (script: string) => `nft -f - <<'END_OF_SCRIPT'\n${script}\nEND_OF_SCRIPT\n`;

interface NftJson {
  readonly nftables: readonly {
    readonly set?: { readonly name: string; readonly elem?: readonly number[] };
    readonly counter?: { readonly name: string; readonly packets: number };
  }[];
}

function filterHost(talk: Conversation, child: ChildProcessByStdio<Writable, Readable, null>): FilterHost {
  let routes: boolean | undefined;
  return {
    async load(script) {
      await shell(talk, heredoc(script));
    },
    async send(packets, forwards) {
      if (routes !== forwards) await shell(talk, ROUTES(forwards));
      routes = forwards;
      await shell(
        talk,
        heredoc(['in4', 'out4', 'in6', 'out6'].map((set) => `flush set inet observe ${set}`).join('\n')),
      );
      talk.say('flush\n');
      await talk.line();
      let said = 0;
      packets.forEach((packet, i) => {
        // A forwarded packet is the one before it, on its way.
        if (packet.forwarded === true) return;
        talk.say(command(packet, i + 1));
        said += 1;
      });
      for (; said > 0; said -= 1) await talk.line();
      const { nftables } = JSON.parse(await shell(talk, 'nft -j list sets table inet observe')) as NftJson;
      const seen = (name: string) =>
        nftables.flatMap(({ set }) => (set?.name.startsWith(name) === true ? (set.elem ?? []) : []));
      return { in: new Set(seen('in').map((id) => id - 1)), out: new Set(seen('out').map((id) => id - 1)) };
    },
    async counters(family) {
      const table = `${family === 'ipv4' ? 'ip' : 'ip6'} ipf`;
      const { nftables } = JSON.parse(await shell(talk, `nft -j list counters table ${table}`)) as NftJson;
      return new Map(
        nftables.flatMap(({ counter }) => (counter === undefined ? [] : [[counter.name, counter.packets]])),
      );
    },
    stop() {
      child.stdin.end();
    },
  };
}

function command(packet: Packet, id: number): string {
  const ipv6 = packet.src.includes(':');
  const hex = ipPacket(packet, id).toString('hex');
  if (packet.dir === 'out') return `out ${packet.if} ${ipv6 ? 6 : 4} ${hex}\n`;
  return `in far_${packet.if} 020000000001020000000002${ipv6 ? '86dd' : '0800'}${hex}\n`;
}
