#!/sbin/sh
#
# The method program of svc:/network/zonenet-web:nginx and svc:/network/zonenet-web:haproxy: finds the program and starts it with
# the file that set-up wrote, lets it read the file again, and tells whether it has.
#
# usage: zonenet-web start | refresh | took nginx | haproxy, zonenet-web check nginx | haproxy FILE
#
# ZONENET_NGINX and ZONENET_HAPROXY, in the method's environment, name a program in another place.
#
# POSIX sh: /sbin/sh is ksh93 on illumos.

SMF_EXIT_ERR_CONFIG=96

LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin
export LC_ALL PATH

usage() {
	echo "usage: $0 start | refresh | took nginx | haproxy, $0 check nginx | haproxy FILE" >&2
	exit $SMF_EXIT_ERR_CONFIG
}

# The places of pkgsrc, OmniOS, and of the others.
case "$2" in
nginx)
	conf=/etc/zonenet-web/nginx.conf
	named=$ZONENET_NGINX
	places='/opt/local/sbin/nginx /opt/ooce/sbin/nginx /opt/ooce/nginx/sbin/nginx /usr/lib/nginx/nginx /usr/sbin/nginx /usr/bin/nginx'
	;;
haproxy)
	conf=/etc/zonenet-web/haproxy.cfg
	named=$ZONENET_HAPROXY
	places='/opt/local/sbin/haproxy /opt/ooce/sbin/haproxy /opt/ooce/haproxy/sbin/haproxy /usr/sbin/haproxy /usr/bin/haproxy'
	;;
*) usage ;;
esac
pidfile=/var/run/zonenet-$2.pid
# What the program that runs has read: the checksum of its file, or a "-" and why it did not take it.
taken=/var/run/zonenet-$2.taken

found=
for program in "$named" $places; do
	if [ -z "$found" ] && [ -n "$program" ] && [ -x "$program" ]; then
		found=$program
	fi
done

need_program() {
	[ -n "$found" ] && return 0
	echo "zonenet-web: no $1 found in $places." >&2
	echo "zonenet-web: install it in this zone, or name one, and try again:" >&2
	echo "zonenet-web:   svccfg -s svc:/network/zonenet-web:$1 setenv ZONENET_$(echo "$1" | /usr/bin/tr a-z A-Z) /path/to/$1" >&2
	echo "zonenet-web:   svcadm refresh svc:/network/zonenet-web:$1; svcadm clear svc:/network/zonenet-web:$1" >&2
	exit $SMF_EXIT_ERR_CONFIG
}

checksum() {
	/usr/bin/cksum <"$conf"
}

# The children of a process, sorted.
children() {
	/usr/bin/pgrep -P "$1" | /usr/bin/sort
}

take() {
	echo "$1" >"$taken.new" && /usr/bin/mv "$taken.new" "$taken"
}

check() {
	case "$1" in
	nginx) "$found" -t -q -c "$2" ;;
	# With -q it would not even say what is wrong.
	haproxy) "$found" -c -f "$2" >/dev/null ;;
	esac
}

case "$1" in
start)
	need_program "$2"
	sum=$(checksum)
	/usr/bin/rm -f "$taken"
	case "$2" in
	nginx) "$found" -c "$conf" ;;
	haproxy) "$found" -W -D -f "$conf" ;;
	esac || exit $?
	take "$sum"
	;;
refresh)
	need_program "$2"
	sum=$(checksum)
	master=$(/usr/bin/cat "$pidfile") || exit 1
	if ! why=$(check "$2" "$conf" 2>&1); then
		echo "zonenet-web: $conf is not taken: $why" >&2
		take "- $why"
		exit 0
	fi
	before=$(children "$master")
	case "$2" in
	nginx) kill -HUP "$master" ;;
	haproxy) kill -USR2 "$master" ;;
	esac || exit 1
	# It took the file when it has workers that it did not have. A busy host may need a while; SMF gives this method a minute.
	tries=0
	while [ $tries -lt 400 ]; do
		for pid in $(children "$master"); do
			case "
$before
" in *"
$pid
"*) ;; *)
				take "$sum"
				exit 0
				;;
			esac
		done
		tries=$((tries + 1))
		# A sleep that knows whole seconds only counts for twenty.
		sleep 0.05 2>/dev/null || { sleep 1 && tries=$((tries + 19)); }
	done
	echo "zonenet-web: $2 has no workers with $conf; its log says why" >&2
	take "- $2 has no workers with the new file, its log says why"
	;;
took)
	# "waiting" while it is not known; what does not run needs no telling.
	if [ ! -f "$taken" ]; then
		[ -f "$pidfile" ] && kill -0 "$(/usr/bin/cat "$pidfile")" 2>/dev/null && echo waiting
		exit 0
	fi
	had=$(/usr/bin/cat "$taken")
	case "$had" in
	"$(checksum)") ;;
	'- '*)
		echo "${had#- }" >&2
		exit 1
		;;
	*) echo waiting ;;
	esac
	;;
check)
	# Where there is none the service says so; a zone is not kept from its network for that.
	[ -n "$found" ] || exit 0
	check "$2" "$3"
	;;
*) usage ;;
esac
