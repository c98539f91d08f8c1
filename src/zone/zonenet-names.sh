#!/sbin/sh
#
# The method program of svc:/network/zonenet-names:default: finds dnsmasq and starts it with the files that set-up wrote.
#
# usage: zonenet-names start | check FILE
#
# ZONENET_DNSMASQ, in the method's environment, names a dnsmasq in another place.
#
# POSIX sh: /sbin/sh is ksh93 on illumos.

SMF_EXIT_ERR_CONFIG=96
CONF=/etc/zonenet-names/dnsmasq.conf

LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin
export LC_ALL PATH

# The places of pkgsrc, OmniOS, and of the others.
found=
for program in "$ZONENET_DNSMASQ" /opt/local/sbin/dnsmasq /opt/ooce/sbin/dnsmasq /usr/lib/inet/dnsmasq /usr/sbin/dnsmasq; do
	if [ -z "$found" ] && [ -x "$program" ]; then
		found=$program
	fi
done

case "$1" in
start)
	if [ -z "$found" ]; then
		echo "zonenet-names: no dnsmasq found in /opt/local/sbin, /opt/ooce/sbin, /usr/lib/inet or /usr/sbin." >&2
		echo "zonenet-names: install it in this zone, or name one, and try again:" >&2
		echo "zonenet-names:   svccfg -s svc:/network/zonenet-names setenv -s ZONENET_DNSMASQ /path/to/dnsmasq" >&2
		echo "zonenet-names:   svcadm refresh svc:/network/zonenet-names:default; svcadm clear svc:/network/zonenet-names:default" >&2
		exit $SMF_EXIT_ERR_CONFIG
	fi
	# Its own status tells whether it runs: it goes into the background when it has bound its addresses.
	exec "$found" -C "$CONF"
	;;
check)
	# Where there is none the service says so; a zone is not kept from its network for that.
	[ -n "$found" ] || exit 0
	exec "$found" --test -C "$2"
	;;
*)
	echo "usage: $0 start | check FILE" >&2
	exit $SMF_EXIT_ERR_CONFIG
	;;
esac
