# What boot programs are made of: functions for /sbin/sh, read by the method program (zonenet) before a boot program
# (src/plan/boot-program.ts writes those; docs/decisions/0019 says why). They end the shell, and zonenet.sh goes on from there.
#
# POSIX sh without "local": /sbin/sh is ksh93 on illumos. Blanks and newlines part words; nothing is globbed unless it says so.
# A boot program sets variables and makes functions that are called here; src/plan/boot-program.ts says which. "alone" is not
# empty where the zone has no Node.

# How they end: 0 and 97 are the method's; with the two others nobody has made the zone so.
NOT_FITTING=3
FAILED=4

IPFILTER=svc:/network/ipfilter:default
FORWARDING=svc:/network/zonenet-forwarding:default
IPV6=svc:/network/zonenet-ipv6:default
STATE=/var/zonenet
LOCK=/etc/svc/volatile/zonenet

newline='
'
blanks=" 	$newline"
set -f

say() {
	printf 'zonenet: %s\n' "$1"
}

# Something that does not work, while the rest does; the status tells the first.
complain() {
	say "$1"
	trouble="${trouble:-$1}"
}

# An end of the method, and the only way to one: ksh93 ends with 0 where it stops at an error.
finish() {
	finished=$1
	exit "$1"
}

# The zone is not as this program expects. Where there is a Node it looks at everything and makes it so.
fail() {
	say "$1"
	exit $FAILED
}

# --- the lock: as src/system/lock.ts keeps it -------------------------------------------------------------------------

# When this process began, in the words of src/system/process-table.ts.
began=
begin_of_this() {
	if [ -f "/proc/$$/psinfo" ]; then
		for byte in $(/usr/bin/od -A n -t x1 -j 88 -N 16 "/proc/$$/psinfo"); do began=$began$byte; done
	else
		read -r stat <"/proc/$$/stat"
		set -- ${stat##*') '}
		began=${20}
	fi
}

# Not waiting: who holds it is at work in this zone, and then the stack is not empty either.
lock() {
	[ -d "$LOCK" ] || (umask 077 && /usr/bin/mkdir -p "$LOCK") || exit $NOT_FITTING
	top=0
	set +f
	for file in "$LOCK"/L.*; do
		number=${file##*/L.}
		case $number in '' | *[!0-9]*) continue ;; esac
		[ "$number" -gt "$top" ] && top=$number
	done
	set -f
	if [ "$top" -gt 0 ]; then
		holder=
		read -r holder <"$LOCK/L.$top"
		[ "$holder" = '{"released":true}' ] || exit $NOT_FITTING
	fi
	begin_of_this
	mine=$LOCK/L.$((top + 1))
	# O_EXCL: of two the second sees that it was not first.
	set -C
	{ printf '{"pid":%s,"start":"%s","boot":true}' "$$" "$began" >"$mine"; } 2>/dev/null || exit $NOT_FITTING
	set +C
	locked=yes
}

unlock() {
	printf '{"released":true}' >|"$mine"
}

# --- files ------------------------------------------------------------------------------------------------------------

# are_files SHAPES PATH...: whether files have the attributes that are expected, by one ls.
# SHAPES: a line each "MODE UID GID SIZE PATH", in the order of ls; "*" where one does not matter.
are_files() {
	shapes=$1
	shift
	found=$(/usr/bin/ls -lnd "$@" 2>/dev/null) || return 1
	IFS=$newline
	set -- $found
	for shape in $shapes; do
		IFS=$blanks
		is_shape "$shape" $1 || return 1
		shift
		IFS=$newline
	done
	IFS=$blanks
	[ $# -eq 0 ]
}

# An access control list makes a "+" or "@" behind the mode, on ZFS.
is_shape() {
	shape_of=$1
	shift
	[ $# -ge 9 ] || return 1
	had_mode=$1 had_uid=$3 had_gid=$4 had_size=$5
	while [ $# -gt 1 ]; do shift; done
	had_path=$1
	set -- $shape_of
	case $had_mode in
	$1 | "$1"[+@.]) ;;
	*) [ "$1" = '*' ] || return 1 ;;
	esac
	{ [ "$2" = '*' ] || [ "$2" = "$had_uid" ]; } &&
		{ [ "$3" = '*' ] || [ "$3" = "$had_gid" ]; } &&
		{ [ "$4" = '*' ] || [ "$4" = "$had_size" ]; } && [ "$5" = "$had_path" ]
}

# Whether files have the attributes and the text that are expected: are_as_planned SHAPES TEXT PATH...
# The shell takes newlines from the end of what a program says; how many there were is in the size.
are_as_planned() {
	planned=$2
	shapes=$1
	shift 2
	are_files "$shapes" "$@" && text=$(/usr/bin/cat "$@" 2>/dev/null) || return 1
	until [ "$planned" = "${planned%"$newline"}" ]; do planned=${planned%"$newline"}; done
	[ "$text" = "$planned" ]
}

# The text of files one after the other; the "." since the shell takes newlines from its end.
text_of() {
	text=$(/usr/bin/cat "$@" 2>/dev/null && printf .) || return 1
	text=${text%.}
}

# Whether all that this program was made from is as it was, and whether all files are as they should be: unchanged=yes; or all
# that a zone without Node can have, since a program has refused some for their certificates: applied=yes.
# "rest" is the text of what is read besides: the status and nsswitch.conf, which may be missing.
fits() {
	set +f
	set -- /etc/zonenet/templates/* /etc/zonenet/templates/partials/*
	set -f
	[ ! -e /etc/zonenet/local.ini ] || set -- "$@" /etc/zonenet/local.ini
	[ "$*" = "$own" ] || exit $NOT_FITTING
	unchanged=no
	# Texts are compared whole: to cut one off the other takes a shell the square of its length.
	are_as_planned "$all_shapes" "$all_text" $all_paths && unchanged=yes
	applied=$unchanged
	[ $unchanged = yes ] || are_as_planned "$input_shapes" "$input_text" $input_paths || exit $NOT_FITTING
	[ $unchanged = yes ] || [ -z "$alone" ] || [ -z "$secure" ] ||
		! are_as_planned "$other_shapes" "$other_text" $other_paths || applied=yes
	rest=
	read_too $STATE/status.ini
	[ -z "$names" ] || read_too /etc/nsswitch.conf
	[ ! -e $STATE/untold ] || unchanged=no
	each_file is_seeded || unchanged=no
}

# Small files cost less to be read here than a program that reads them.
read_too() {
	[ -f "$1" ] || return 0
	while IFS= read -r line || [ -n "$line" ]; do
		rest=$rest$line$newline
	done <"$1"
}

# each_file calls it with: PATH SHAPE OCTAL OWNER POLICY CHECK RELOAD CONTENT
is_seeded() {
	[ "$5" != seeded ] || [ -e "$1" ]
}

is_stale() {
	case $5 in
	left) return 1 ;;
	seeded) [ ! -e "$1" ] && [ ! -h "$1" ] ;;
	*) [ ! -f "$1" ] || ! are_as_planned "$2" "$8" "$1" ;;
	esac
}

# Writes what differs beside the files, and has it read by the program that will read it; so far nothing is changed.
stale=
refused=
reloads=
prepare_files() {
	[ $unchanged = yes ] || each_file prepare_file
}

prepare_file() {
	is_stale "$@" || return 0
	write_beside "$1" "$3" "$4" "$8"
	[ -z "$6" ] || "$6" "$beside" || {
		/usr/bin/rm -f "$beside"
		is_secure "$1" && [ -n "$alone" ] || fail "Cannot use the new $1: its program refuses it"
		without_sites "$1"
		return 0
	}
	stale="$stale $1"
	[ -z "$7" ] || case "$newline$reloads$newline" in *"$newline$7$newline"*) ;; *) reloads="$reloads$newline$7" ;; esac
}

# Certificates are no part of the plan: whoever reads them says whether they are of use. Those of new files it has read by now.
check_certificates() {
	[ -z "$secure" ] || each_file check_secure
}

check_secure() {
	is_secure "$1" || return 0
	case "$stale$refused " in *" $1 "*) return 0 ;; esac
	! is_stale "$@" && "$6" "$1" || {
		[ -n "$alone" ] || exit $NOT_FITTING
		without_sites "$1"
	}
}

is_secure() {
	case " $secure " in *" $1 "*) ;; *) return 1 ;; esac
}

# Node would leave out the sites whose certificate is of no use; a zone without one keeps the rest of its network.
without_sites() {
	refused="$refused $1"
	complain "the sites of $1 are not served: its program refuses it"
}

# checked silent|loud PROGRAM ARGS: what a program of files.ini thinks of a file; of ipf and ipnat anything on stderr is a refusal.
checked() {
	how=$1
	shift
	complaint=$("$@" 2>&1 >/dev/null) || {
		say "$* ends with another status than 0: $complaint"
		return 1
	}
	[ "$how" = loud ] || [ -z "$complaint" ] || {
		say "$* says: $complaint"
		return 1
	}
}

write_beside() {
	directory=${1%/*}
	at=
	IFS=/
	for part in ${directory#/}; do
		IFS=$blanks
		at=$at/$part
		[ ! -h "$at" ] || fail "Cannot write \"$1\": \"$at\" is a symbolic link"
		IFS=/
	done
	IFS=$blanks
	{ [ ! -d "$1" ] || [ -h "$1" ]; } || fail "Cannot write \"$1\": a directory is there"
	[ -d "$directory" ] || /usr/bin/mkdir -p -m 755 "$directory" || fail "Cannot make $directory"
	beside=$directory/.${1##*/}.zonenet
	{ [ ! -e "$beside" ] && [ ! -h "$beside" ]; } || /usr/bin/rm -f "$beside"
	# A file that is made with its mode needs no program to give it one.
	needs_mode=
	case $2 in
	644 | 0644) umask 022 ;;
	600 | 0600) umask 077 ;;
	*)
		umask 077
		needs_mode=yes
		;;
	esac
	set -C
	printf %s "$4" >"$beside" || fail "Cannot write $beside"
	set +C
	umask 022
	[ -z "$3" ] || /usr/bin/chown "$3" "$beside" || fail "Cannot give $beside to $3"
	[ -z "$needs_mode" ] || /usr/bin/chmod "$2" "$beside" || fail "Cannot set the mode of $beside"
}

# On disk before they take their places.
put_in_place() {
	[ $# -gt 0 ] || return 0
	/usr/bin/sync
	for path in "$@"; do
		[ ! -h "$path" ] || /usr/bin/rm -f "$path"
		/usr/bin/mv -f "${path%/*}/.${path##*/}.zonenet" "$path" || fail "Cannot write $path"
	done
}

install_files() {
	[ $unchanged = no ] || return 0
	[ ! -e $STATE/untold ] || {
		text_of $STATE/untold
		reloads="$reloads$newline$text"
	}
	if [ -n "$reloads" ]; then
		write_beside $STATE/untold 644 '' "${reloads#"$newline"}$newline"
		put_in_place $STATE/untold
	fi
	put_in_place $stale
	[ -n "$reloads" ] || return 0
	IFS=$newline
	for line in $reloads; do
		IFS=$blanks
		ask_services "${line#* }"
		state_of "${line#* }"
		case $state in online | degraded) run 'it reads its files anew' /usr/sbin/svcadm $line ;; esac
		IFS=$newline
	done
	IFS=$blanks
	/usr/bin/rm -f $STATE/untold
}

# note PATH TEXT: what is noted before it is done; written when it is another.
note() {
	[ ! -f "$1" ] || {
		text_of "$1"
		[ "$text" != "$2" ] || return 0
	}
	write_beside "$1" 644 '' "$2"
	put_in_place "$1"
}

# --- programs ---------------------------------------------------------------------------------------------------------

# run REASON PROGRAM ARGS
run() {
	why=$1
	shift
	"$@" || fail "Cannot go on: $* ($why): exit status $?"
}

# run_tolerating STATUS REASON PROGRAM ARGS: that status means the same end.
run_tolerating() {
	tolerated=$1
	why=$2
	shift 2
	"$@"
	status=$?
	[ $status -eq 0 ] || [ $status -eq "$tolerated" ] || fail "Cannot go on: $* ($why): exit status $status"
}

# Of those that are not there nothing is said, and the status is 1.
ask_services() {
	services=$(/usr/bin/svcs -H -o state,fmri "$@" 2>/dev/null)
}

# The state of an instance, with the "*" of one on its way; empty: there is none.
state_of() {
	state=
	set -- "$1" $services
	wanted=$1
	shift
	while [ $# -gt 1 ]; do
		[ "$2" != "$wanted" ] || {
			state=$1
			return 0
		}
		shift 2
	done
}

# --- links, addresses, routes -----------------------------------------------------------------------------------------

# The links that are there, with the MTU of the metadata. One that is missing is for Node to tell; without one the rest is made so.
present=
look_links() {
	table=$(/usr/sbin/dladm show-link -p -o link,mtu) || fail 'Cannot ask dladm for the links'
	for pair in $mtus; do
		case "$newline$table$newline" in
		*"$newline$pair$newline"*) present="$present ${pair%:*}" ;;
		*"$newline${pair%:*}:"*) fail "${pair%:*} has another MTU than ${pair#*:}" ;;
		*)
			[ -n "$alone" ] || fail "${pair%:*} is missing: the zone has no such link"
			complain "${pair%:*} is missing: the zone has no such link"
			;;
		esac
	done
}

on() {
	case "$present " in *" $1 "*) ;; *) return 1 ;; esac
}

ask_addresses() {
	addresses=$(/usr/sbin/ipadm show-addr -p -o addrobj,type,state,addr) || fail 'Cannot ask ipadm for the addresses'
}

# Whether the addresses on our links are those of the families named, and all of them.
are_addresses() {
	left=0
	for family in "$@"; do
		for link in $present; do
			"count_$family" "$link"
			left=$((left + count))
		done
	done
	IFS=$newline
	for line in $addresses; do
		IFS=$blanks
		if on "${line%%/*}"; then
			known=no
			for family in "$@"; do
				"known_$family" "$line" && known=$family
			done
			case $known in
			no) return 1 ;;
			esac
			is_advertised "$line" || left=$((left - 1))
		fi
		IFS=$newline
	done
	IFS=$blanks
	[ $left -eq 0 ]
}

# Waits until nothing among the addresses is tentative but what a lease is waited for.
settle() {
	tries=0
	while :; do
		ask_addresses
		case $addresses in
		*:static:tentative* | *:addrconf:tentative* | *:from-gz:tentative*) ;;
		*) return 0 ;;
		esac
		tries=$((tries + 1))
		[ $tries -le 200 ] || fail 'an address is still tentative'
		sleep 0.05 2>/dev/null || sleep 1
	done
}

# The routes by a router: "TO ROUTER LINK" a line, TO as "ADDRESS MASK" or "PREFIX"; LINK may be "-".
ask_routes() {
	table=$(/usr/bin/netstat -rnv) || fail 'Cannot ask netstat for the routes'
	routes=
	kind=
	IFS=$newline
	for line in $table; do
		IFS=$blanks
		case $line in
		'IRE Table: IPv4'*) kind=inet ;;
		'IRE Table: IPv6'*) kind=inet6 ;;
		*) read_route $line ;;
		esac
		IFS=$newline
	done
	IFS=$blanks
}

read_route() {
	to=$1
	shift
	if [ "$kind" = inet ]; then
		[ "$to" != default ] || to=0.0.0.0
		to=$to/$1
		shift
	fi
	by=$1
	case $2 in
	'' | *[!0-9]*)
		over=$2
		shift
		;;
	*) over=- ;;
	esac
	case $4 in *G*) routes="$routes$newline$kind $to $by $over" ;; esac
}

# has_route FAMILY TO ROUTER: whether it is there.
has_route() {
	case "$routes " in *"$newline$1 $2 $3 "*) ;; *) return 1 ;; esac
}

# How many default routes a family has.
count_defaults() {
	defaults=0
	IFS=$newline
	for line in $routes; do
		case $line in
		"inet 0.0.0.0/0.0.0.0 "*) [ "$1" = inet ] && defaults=$((defaults + 1)) ;;
		"inet6 default "*) [ "$1" = inet6 ] && defaults=$((defaults + 1)) ;;
		esac
	done
	IFS=$blanks
}

# --- services ---------------------------------------------------------------------------------------------------------

# In.routed stays off for good, settled once.
routing_daemon() {
	answer=$(/usr/bin/svcprop -c -p routeadm/ipv4-routing-set svc:/network/routing-setup:default 2>/dev/null)
	[ "$answer" = true ] || run 'in.routed would learn routes from any neighbour' /usr/sbin/routeadm -d ipv4-routing -u
}

# has_property NAME VALUE: among those of ipfilter's policy.
has_property() {
	case "$newline$policy$newline" in *"$newline$1 astring $2$newline"*) ;; *) return 1 ;; esac
}

# ipfilter starts behind set-up, with the files that are there by then.
look_filter() {
	state_of $IPFILTER
	filter_runs=
	case $state in
	disabled | offline | offline\* | maintenance) ;;
	# After a set-up that failed it runs with what it had.
	online) [ -n "$alone" ] && filter_runs=yes || fail "$IPFILTER runs before its time" ;;
	*) fail "$IPFILTER is ${state:-missing}" ;;
	esac
	policy=$(/usr/bin/svcprop -p firewall_config_default $IPFILTER 2>/dev/null)
}

start_filter() {
	state_of svc:/system/identity:domain
	[ "$state" != disabled ] ||
		run 'ipfilter waits for it for ever' /usr/sbin/svcadm enable svc:/system/identity:domain
	set_policy
	state_of $IPFILTER
	case $state in
	disabled) run 'ipfilter is disabled' /usr/sbin/svcadm enable $IPFILTER ;;
	maintenance) run 'ipfilter is in maintenance' /usr/sbin/svcadm clear $IPFILTER ;;
	esac
	[ -z "$filter_runs" ] || run 'ipfilter has the rules of before' /usr/sbin/svcadm restart $IPFILTER
}

# Nothing is forwarded before the rules are proved. lo0 shows what links that come will do.
forwarding_off() {
	state=$(/usr/sbin/ipadm show-ifprop -c -o ifname,proto,property,current -p forwarding) ||
		fail 'Cannot ask ipadm what is forwarded'
	case $state in
	*:on*)
		run 'nothing is forwarded before the rules are proved' /usr/sbin/ipadm set-prop -t -p forwarding=off ipv4
		run 'nothing is forwarded before the rules are proved' /usr/sbin/ipadm set-prop -t -p forwarding=off ipv6
		;;
	esac
}

start_forwarding_service() {
	state_of $FORWARDING
	case $state in
	disabled) run 'this zone is a proxy' /usr/sbin/svcadm enable -t $FORWARDING ;;
	maintenance) run 'zonenet-forwarding may try again' /usr/sbin/svcadm clear $FORWARDING ;;
	esac
}

# own_service FMRI yes|no: one that a proxy runs for as long as its facts ask for it.
own_service() {
	state_of "$1"
	case $2$state in
	yes | yesmaintenance) fail "$1 is ${state:-missing}" ;;
	yesdisabled) run 'the facts ask for it' /usr/sbin/svcadm enable "$1" ;;
	no | nodisabled | yes*) ;;
	no*) run 'the facts no longer ask for it' /usr/sbin/svcadm disable -s "$1" ;;
	esac
}

# own_trouble FMRI LACK: one that cannot run, and what is missing then.
own_trouble() {
	state_of "$1"
	[ "$state" != maintenance ] || complain "$2: $1 is in maintenance"
}

start_ipv6_service() {
	ask_services svc:/network/routing/ndp:default $IPV6
	state_of svc:/network/routing/ndp:default
	case $state in
	online | degraded)
		[ -n "$alone" ] || fail 'in.ndpd runs before its time'
		create_inet6
		are_addresses inet inet6 || fail 'Cannot make the IPv6 addresses as they should be'
		ask_routes
		routes_inet6 || fail 'Cannot make the IPv6 routes as they should be'
		ends_with_start=last
		return 0
		;;
	esac
	state_of $IPV6
	case $state in
	disabled) run 'IPv6 follows when in.ndpd runs' /usr/sbin/svcadm enable -t $IPV6 ;;
	offline*) ;;
	*) fail "$IPV6 is ${state:-missing}" ;;
	esac
}

# Lines of nsswitch.conf that look names up without DNS; the rest of the file is the administrator's.
name_service() {
	has_dns hosts && has_dns ipnodes && return 0
	text=
	[ ! -f /etc/nsswitch.conf ] || text_of /etc/nsswitch.conf
	switch=
	done_with=
	IFS=$newline
	# A blank before each line, so that an empty one is not lost.
	for line in $(printf '%s' "$text" | /usr/bin/sed 's/^/ /'); do
		IFS=$blanks
		with_dns "${line# }"
		switch=$switch$line$newline
		IFS=$newline
	done
	IFS=$blanks
	for database in hosts ipnodes; do
		case " $done_with " in *" $database "*) ;; *) switch="$switch$database: files dns$newline" ;; esac
	done
	write_beside /etc/nsswitch.conf 644 '' "$switch"
	put_in_place /etc/nsswitch.conf
	run_tolerating 1 'it keeps what it has looked up' /usr/sbin/svcadm refresh svc:/system/name-service-cache:default
}

has_dns() {
	IFS=$newline
	for line in $rest; do
		IFS=$blanks
		line=${line%%#*}
		set -- "$1" $line
		if [ "$2" = "$1:" ]; then
			case " $line " in *[[:blank:]]dns[[:blank:]]*) return 0 ;; *) return 1 ;; esac
		fi
		IFS=$newline
	done
	IFS=$blanks
	return 1
}

# The line with "dns" right behind "files". A criterion in brackets belongs to the source before it.
with_dns() {
	line=$1
	case $line in *:*) ;; *) return 0 ;; esac
	head=${line%%:*}
	sources=${line#*:}
	comment=
	case $sources in *'#'*) comment="#${sources#*#}" sources=${sources%%#*} ;; esac
	set -- $head
	database=$*
	case $database in hosts | ipnodes) ;; *) return 0 ;; esac
	case " $done_with " in *" $database "*) return 0 ;; esac
	done_with="$done_with $database"
	set -- $sources
	case " $* " in *' dns '*) return 0 ;; esac
	before=${sources%%[! 	]*}
	after=${sources##*[! 	]}
	[ $# -gt 0 ] || before=' ' after=
	new=
	case " $* " in *' files '*) ;; *) new=' dns' ;; esac
	for word in "$@"; do
		new="$new $word"
		[ "$word" != files ] || new="$new dns"
	done
	line=$head:$before${new# }$after$comment
}

# --- what was applied -------------------------------------------------------------------------------------------------

# Keeps what was proved, for the Node that comes next, and tells what was applied when that is news.
record() {
	[ $unchanged = yes ] || are_as_planned "$last_good_shape" "$last_good" $STATE/last-good.json || {
		write_beside $STATE/last-good.json 600 '' "$last_good"
		proved=$STATE/last-good.json
	}
	[ "$1" = last ] || {
		put_in_place $proved
		return 0
	}
	verified=true
	[ -z "$trouble" ] || verified=false
	status "$generation" "$digest" $verified "$trouble"
}

# status GENERATION DIGEST VERIFIED MESSAGE
status() {
	is_status "$@" && {
		put_in_place $proved
		return 0
	}
	moment
	measure
	statements="setprop status/generation = count: \"$1\"
setprop status/digest = astring: \"$2\"
setprop status/verified = boolean: \"$3\"
setprop status/applied = count: \"$seconds\"
setprop status/milliseconds = count: \"$milliseconds\"
setprop status/message = astring: \"$4\"
"
	write_beside $STATE/status.svccfg 644 '' "$statements"
	put_in_place $proved $STATE/status.svccfg
	/usr/sbin/svccfg -s svc:/network/zonenet:default -f $STATE/status.svccfg || say 'the host cannot read what was applied'
	write_beside $STATE/status.ini 644 '' "; zonenet: what this zone was last configured as, written by the method
generation = $1
digest = $2
verified = $3
message = ${4:-\"\"}
applied = $seconds
milliseconds = $milliseconds
"
	put_in_place $STATE/status.ini
}

# Time is no news.
is_status() {
	had=
	IFS=$newline
	for line in $rest; do
		case $line in
		'generation = '* | 'digest = '* | 'verified = '* | 'message = '*) had=$had$line$newline ;;
		esac
	done
	IFS=$blanks
	[ "$had" = "generation = $1${newline}digest = $2${newline}verified = $3${newline}message = ${4:-\"\"}$newline" ]
}

# status_of KEY: what was told last.
status_of() {
	IFS=$newline
	for line in $rest; do
		case $line in "$1 = "*)
			printf %s "${line#"$1 = "}"
			return 0
			;;
		esac
	done
}

# Seconds since 1970, from the parts of the date, which every date(1) tells.
moment() {
	set -- $(/usr/bin/date -u '+%Y %j %H %M %S')
	digits "$2"
	days=$((($1 - 1970) * 365 + ($1 - 1969) / 4 - ($1 - 1901) / 100 + ($1 - 1601) / 400 + number - 1))
	digits "$3"
	hours=$((days * 24 + number))
	digits "$4"
	minutes=$((hours * 60 + number))
	digits "$5"
	seconds=$((minutes * 60 + number))
}

# How long this shell has run: ksh93, which is illumos's sh, counts seconds with three decimals. Other shells have no clock: 0.
measure() {
	elapsed=$SECONDS
	number=0
	case $elapsed in
	*[!0-9.]* | *.*.*) ;;
	?*.???) digits "${elapsed%.*}${elapsed#*.}" ;;
	esac
	milliseconds=$number
}

# Without the zeros in front, which would make it octal.
digits() {
	number=$1
	while :; do
		case $number in 0?*) number=${number#0} ;; *) break ;; esac
	done
}

# --- rules ------------------------------------------------------------------------------------------------------------

# Rules of a filter as ipf and ipfstat print them, outbound ones first: the order within a direction decides.
sort_rules() {
	outbound=
	inbound=
	IFS=$newline
	for line in $1; do
		IFS=$blanks
		set -- $line
		line=" $* "
		before_in=${line%%" in "*}
		before_out=${line%%" out "*}
		if [ ${#before_out} -lt ${#before_in} ]; then
			outbound=$outbound$line$newline
		else
			[ $# -eq 0 ] || inbound=$inbound$line$newline
		fi
		IFS=$newline
	done
	IFS=$blanks
	rules=$outbound$inbound
}

nat_rules() {
	rules=
	IFS=$newline
	for line in $1; do
		IFS=$blanks
		set -- $line
		case $* in
		'List of active sessions:'*) break ;;
		'List of active'* | '') ;;
		*) rules="$rules$*$newline" ;;
		esac
		IFS=$newline
	done
	IFS=$blanks
}

# prove_filter '' or -6, FILE; prove_nat FILE: what the parser makes of our file is what the kernel has.
prove_filter() {
	want=$(/usr/sbin/ipf $1 -n -v -f "$2") && have=$(/usr/sbin/ipfstat $1 -io) || fail "Cannot ask for the rules of $2"
	sort_rules "$want"
	want=$rules
	sort_rules "$have"
	[ "$want" = "$rules" ] || fail "Cannot forward: the rules in the kernel are not those of $2"
}

prove_nat() {
	want=$(/usr/sbin/ipnat -n -v -f "$1") && have=$(/usr/sbin/ipnat -l) || fail "Cannot ask for the rules of $1"
	nat_rules "$want"
	want=$rules
	nat_rules "$have"
	[ "$want" = "$rules" ] || fail "Cannot forward: the rules in the kernel are not those of $1"
}

# --- the methods ------------------------------------------------------------------------------------------------------

trouble=
proved=

end_of_boot() {
	[ -z "$trouble" ] || finish 97
	finish 0
}

# Without Node a set-up that failed half way begins anew: what it left on our links goes.
start_over() {
	[ -n "$alone" ] || fail 'the zone has addresses before its time'
	IFS=$newline
	for line in $addresses; do
		IFS=$blanks
		object=${line%%:*}
		case $object in
		*/\?) ;;
		*) on "${object%%/*}" && run 'it is made anew' /usr/sbin/ipadm delete-addr "$object" ;;
		esac
		IFS=$newline
	done
	IFS=$blanks
	ask_addresses
	are_addresses || fail 'the zone has addresses that do not go'
}

boot_start() {
	fits
	lock
	look_links
	ask_addresses
	are_addresses || start_over
	ask_routes
	[ -z "$routes" ] || fail 'the zone has routes before its time'
	look_services
	prepare_files
	check_certificates
	[ "$role" != proxy ] || forwarding_off
	create_inet
	are_addresses inet || fail 'Cannot make the addresses as they should be'
	note_filter
	install_files
	start_services
	ask_routes
	routes_inet || fail 'Cannot make the routes as they should be'
	record "$ends_with_start"
	say "zone $zone, metadata generation $generation (sha256 ${digest%"${digest#????????}"}): booted by the plan made ahead, verified"
	end_of_boot
}

boot_ipv6_start() {
	fits
	[ $applied = yes ] || exit $NOT_FITTING
	lock
	look_links
	check_certificates
	ask_addresses
	are_addresses inet || exit $NOT_FITTING
	ask_services svc:/network/routing/ndp:default $own_services
	state_of svc:/network/routing/ndp:default
	case $state in online | degraded) ;; *) fail "in.ndpd is ${state:-missing}" ;; esac
	create_inet6
	are_addresses inet inet6 || fail 'Cannot make the IPv6 addresses as they should be'
	ask_routes
	routes_inet && routes_inet6 || fail 'Cannot make the IPv6 routes as they should be'
	look_own_services
	record last
	say "zone $zone, metadata generation $generation: IPv6 by the plan made ahead, verified"
	end_of_boot
}

boot_forwarding_start() {
	fits
	[ $applied = yes ] && [ "$role" = proxy ] || exit $NOT_FITTING
	lock
	prove_filter '' /etc/ipf/ipf.conf
	prove_filter -6 /etc/ipf/ipf6.conf
	prove_nat /etc/ipf/ipnat.conf
	switch_forwarding
	say 'rules proved by the plan made ahead; forwarding on'
	finish 0
}

# Where there is no Node a change of the metadata has to wait for the next boot, when it is known what the zone has.
boot_refresh() {
	[ -n "$alone" ] || exit $NOT_FITTING
	fits
	lock
	if [ $unchanged = yes ] && is_status "$generation" "$digest" true ''; then
		say "zone $zone, metadata generation $generation: nothing to change"
		finish 0
	fi
	say "metadata generation $generation is there; without Node this zone takes it at its next boot"
	say "  on the host: zoneadm -z $zone reboot; or install Node 20 or later in the zone"
	# What is in use is the configuration of before.
	status "$(status_of generation)" "$(status_of digest)" "$(status_of verified)" "generation $generation waits for the next boot, since this zone has no Node"
	finish 0
}
