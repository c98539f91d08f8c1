// Real servers as SMF services of a zone: their manifests, their files, and how each is run in each mode of the lab.
import type { Mode } from '../bring-up.ts';

export interface RealService {
  /** The program, which the machine must have. */
  readonly program: string;
  readonly fmri: string;
  /** Files of the zone by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The start method; refresh and stop below. */
  readonly start: string;
  readonly refresh: string;
  /** Asks the program whether a configuration file is good. */
  readonly check: (file: string) => readonly string[];
  readonly configuration: string;
}

/** Rootless there is one id: no program can become another user (lab.md part 20). */
const user = (mode: Mode) => (mode === 'rootless' ? 'root' : 'webservd');

/** Answers every request with one word. */
export const nginxConfiguration = (mode: Mode, word: string) => `user ${user(mode)};
worker_processes 1;
error_log /var/log/nginx.log;
pid /var/run/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path /var/tmp/nginx-body;
  proxy_temp_path /var/tmp/nginx-proxy;
  fastcgi_temp_path /var/tmp/nginx-fastcgi;
  uwsgi_temp_path /var/tmp/nginx-uwsgi;
  scgi_temp_path /var/tmp/nginx-scgi;
  server {
    listen 80;
    listen [::]:80;
    location / { return 200 "${word} to $remote_addr\\n"; }
  }
}
`;

/** Hands requests on to nginx of the same zone and says so in a header. */
export const haproxyConfiguration = (header: string) => `global
  pidfile /var/run/haproxy.pid
  maxconn 64
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind :8080
  http-response set-header x-proxy ${header}
  default_backend nginx
backend nginx
  server one 127.0.0.1:80
`;

const DNSMASQ = `port=53
interface=znic1
bind-interfaces
except-interface=lo
no-resolv
no-hosts
no-ping
addn-hosts=/etc/inet/names
address=/#/
dhcp-authoritative
dhcp-range=10.2.0.50,10.2.0.60,255.255.255.0,120s
dhcp-option=option:router,10.2.0.1
dhcp-leasefile=/var/run/dnsmasq.leases
log-facility=/var/log/dnsmasq.log
user=root
group=root
`;

export const realServices = (mode: Mode): Readonly<Record<'nginx' | 'haproxy' | 'dnsmasq', RealService>> => ({
  nginx: {
    program: 'nginx',
    fmri: 'svc:/site/nginx:default',
    configuration: '/etc/nginx.conf',
    files: { '/etc/nginx.conf': nginxConfiguration(mode, 'hello') },
    start: '/usr/sbin/nginx -c /etc/nginx.conf',
    refresh: '/usr/sbin/nginx -c /etc/nginx.conf -s reload',
    check: (file) => ['/usr/sbin/nginx', '-t', '-c', file],
  },
  haproxy: {
    program: 'haproxy',
    fmri: 'svc:/site/haproxy:default',
    configuration: '/etc/haproxy.cfg',
    files: { '/etc/haproxy.cfg': haproxyConfiguration('first') },
    // The master of -W starts a new worker with the new configuration at SIGUSR2.
    start: '/usr/sbin/haproxy -W -D -f /etc/haproxy.cfg',
    refresh: 'kill -USR2 `cat /var/run/haproxy.pid`',
    check: (file) => ['/usr/sbin/haproxy', '-c', '-f', file],
  },
  dnsmasq: {
    program: 'dnsmasq',
    fmri: 'svc:/site/dnsmasq:default',
    configuration: '/etc/dnsmasq.conf',
    files: { '/etc/dnsmasq.conf': DNSMASQ, '/etc/inet/names': '10.2.0.2 www.back.example\n' },
    // Rootless only -d starts: every other form sets groups, which one id may not (lab.md part 8).
    start:
      mode === 'rootless' ? '/usr/sbin/dnsmasq -d -C /etc/dnsmasq.conf &' : '/usr/sbin/dnsmasq -C /etc/dnsmasq.conf',
    refresh: ':kill -HUP',
    check: (file) => ['/usr/sbin/dnsmasq', '--test', '-C', file],
  },
});

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** A contract service (§6.2): restarted when its processes are gone, stopped by a signal to all of them. */
export const manifestOf = ({ fmri, start, refresh }: RealService): string => {
  const name = fmri.replace(/^svc:\/(.*):default$/, '$1');
  return `<?xml version="1.0"?>
<!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
<service_bundle type="manifest" name="${name}">
  <service name="${name}" type="service" version="1">
    <create_default_instance enabled="false"/>
    <single_instance/>
    <dependency name="network" grouping="require_all" restart_on="error" type="service">
      <service_fmri value="svc:/milestone/network:default"/>
    </dependency>
    <exec_method type="method" name="start" exec="${xml(start)}" timeout_seconds="60"/>
    <exec_method type="method" name="refresh" exec="${xml(refresh)}" timeout_seconds="60"/>
    <exec_method type="method" name="stop" exec=":kill" timeout_seconds="60"/>
  </service>
</service_bundle>
`;
};
