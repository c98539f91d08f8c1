/**
 * What a zone was last configured as, and how it went. The method writes it to /var/zonenet/status.ini and to the
 * property group "status" of svc:/network/zonenet:default, where the host reads it (`svcprop -c`).
 */
export interface ZoneStatus {
  /** Of the configuration in use; 0 when there is none. */
  readonly generation: number;
  /** SHA-256 of its metadata in hexadecimal; empty when there is none. */
  readonly digest: string;
  /** Whether the zone was seen to be as that configuration says. */
  readonly verified: boolean;
  /** When, in seconds since 1970. */
  readonly applied: number;
  /** How long it took. */
  readonly milliseconds: number;
  /** Empty, or in one line what is wrong with the metadata or the zone. */
  readonly message: string;
}
