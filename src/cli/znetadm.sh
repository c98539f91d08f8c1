#!/bin/sh
# znetadm: finds a Node.js and runs the program. Strict POSIX sh: /sbin/sh of illumos is ksh93, a developer's may be dash.

# Where the distributions put it (OmniOS, OpenIndiana, Tribblix, pkgsrc); of several versions the last in order.
for candidate in /usr/bin/node /opt/local/bin/node /usr/versions/node-*/bin/node /usr/node/*/bin/node \
    /opt/ooce/node-*/bin/node /opt/ooce/bin/node "${ZONENET_NODE:-}"
do
    if [ -n "$candidate" ] && [ -f "$candidate" ] && [ -x "$candidate" ]
    then
        node=$candidate
    fi
done

if [ -z "${node:-}" ]
then
    echo "znetadm: cannot find Node.js 20.19 or later" >&2
    echo "  install it, or name it: ZONENET_NODE=/path/to/node znetadm ..." >&2
    exit 1
fi

# It makes Node 20 read a file of certificates at every start, which nothing here needs.
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS

case $0 in
*/*) here=${0%/*}/.. ;;
*) here=.. ;;
esac
# Less memory where thousands of zones are looked at: a small nursery, and garbage collected earlier, which alone makes 107 MB of 120
# for check of 8,000 zones, and 127 of 184 when all their boots are stale. It costs 10 ms: Node's own code is compiled for its own flags.
thousands()
{
    [ $# -ge 4000 ]
}
command=${1:-}
set -- "$here/lib/start-znetadm.cjs" "$@"
case $command in
check | repair | sync)
    if thousands /etc/zonenet/zones/*.ini
    then
        set -- --max-semi-space-size=4 --heap-growing-percent=50 "$@"
    fi
    ;;
esac

exec "$node" "$@"
