#!/sbin/sh
#
# The method program of svc:/network/zonenet:default, svc:/network/zonenet-ipv6:default and
# svc:/network/zonenet-forwarding:default. A boot whose plan was made ahead it does by itself (docs/decisions/0019); for all else it
# finds a Node and hands over to /opt/zonenet/lib/start-method.cjs. What only takes away does without Node, so that it works always.
#
# usage: zonenet start | refresh | stop | ipv6-start | forwarding-start | forwarding-stop
#
# ZONENET_NODE, in the method's environment, names a Node in another place (below is how).
#
# POSIX sh: /sbin/sh is ksh93 on illumos.

SMF_EXIT_ERR_CONFIG=96

case "$1" in
start | refresh | ipv6-start | forwarding-start) ;;
stop)
	# The zone keeps its addresses and routes.
	exit 0
	;;
forwarding-stop)
	LC_ALL=C
	export LC_ALL
	status=0
	for family in ipv4 ipv6; do
		/usr/sbin/ipadm set-prop -t -p forwarding=off $family || status=1
	done
	exit $status
	;;
*)
	echo "usage: $0 start | refresh | stop | ipv6-start | forwarding-start | forwarding-stop" >&2
	exit $SMF_EXIT_ERR_CONFIG
	;;
esac

LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin
export LC_ALL PATH

# Of several versions the last, as the shell sorts them.
last_of() {
	found=
	for node in "$@"; do
		[ -x "$node" ] && found=$node
	done
	[ -n "$found" ]
}

# The places of OmniOS, OpenIndiana, Tribblix and pkgsrc.
last_of "$ZONENET_NODE" ||
	last_of /opt/ooce/bin/node ||
	last_of /opt/ooce/node-*/bin/node ||
	last_of /usr/node/*/bin/node ||
	last_of /usr/versions/node-*/bin/node ||
	last_of /opt/local/bin/node ||
	last_of /usr/bin/node

node_program=$found
alone=
[ -n "$node_program" ] || alone=yes

case "$1" in
start) method=boot_start ;;
ipv6-start) method=boot_ipv6_start ;;
forwarding-start) method=boot_forwarding_start ;;
refresh) method=boot_refresh ;;
esac

# What no plan has done: by Node, which looks at everything, or it is said why not.
without_plan() {
	trap - 0 1 2 15
	set +f
	[ -z "$alone" ] || say_alone "$1"
	# Nothing of the caller's environment: NODE_OPTIONS could change what runs, NODE_EXTRA_CA_CERTS alone costs 50 ms.
	exec /usr/bin/env -i \
		LC_ALL=C \
		PATH=/usr/sbin:/usr/bin:/sbin \
		${SMF_ZONENAME:+"SMF_ZONENAME=$SMF_ZONENAME"} \
		"$node_program" /opt/zonenet/lib/start-method.cjs "$asked"
}

say_alone() {
	case $1 in
	3) echo "zonenet: no Node found in /opt/ooce, /usr/node, /usr/versions, /opt/local/bin or /usr/bin, and no plan made ahead fits." >&2 ;;
	*) echo "zonenet: no Node found in /opt/ooce, /usr/node, /usr/versions, /opt/local/bin or /usr/bin that would find a way on." >&2 ;;
	esac
	echo "zonenet: make the plan anew on the host: znetadm sync; or install Node 20 or later in this zone, or name one, and try again:" >&2
	echo "zonenet:   svccfg -s svc:/network/zonenet setenv -s ZONENET_NODE /path/to/node" >&2
	echo "zonenet:   svcadm refresh svc:/network/zonenet:default; svcadm clear svc:/network/zonenet:default" >&2
	# A refresh that cannot be leaves what runs as it is.
	[ "$asked" != refresh ] || exit 0
	exit $SMF_EXIT_ERR_CONFIG
}

# Does what a plan says. It ends the shell as it likes: 0 and 97 are ends of the method.
follow() {
	. /opt/zonenet/method/zonenet-boot
	boot_program=
	. "$1"
	[ "$boot_program" = whole ] || exit 3
	$method
	exit 3
}

# A plan has ended, by whatever way; well only if it says so.
at_end() {
	status=$?
	[ "$status" = "$finished" ] || case $status in 0 | 97) status=4 ;; esac
	[ -z "$locked" ] || unlock
	locked=
}

# SMF, or somebody, ends it.
at_signal() {
	trap - 0
	at_end
	exit 1
}

end_or_go_on() {
	at_end
	case $status in 0 | 97) exit $status ;; esac
	without_plan $status
}

# The plans made ahead: the zone's own, where it has templates or values of its own, and the host's.
asked=$1
finished=
locked=
plans=
for plan in /var/zonenet/boot /etc/zonenet/host/boot; do
	[ -f "$plan" ] && [ -f /opt/zonenet/method/zonenet-boot ] || continue
	[ "$asked" != refresh ] || [ -n "$alone" ] || continue
	plans="$plans $plan"
done
trap at_signal 1 2 15
for plan in $plans; do
	# The last one by this shell itself, since another one costs time.
	[ "$plan" != "${plans##* }" ] || {
		trap end_or_go_on 0
		follow "$plan"
	}
	(
		trap 'at_end; exit $status' 0
		trap at_signal 1 2 15
		follow "$plan"
	)
	status=$?
	case $status in
	0 | 97) exit $status ;;
	3) ;;
	*) without_plan $status ;;
	esac
done
without_plan 3
