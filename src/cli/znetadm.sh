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
*/*) here=${0%/*} ;;
*) here=. ;;
esac
here=$(CDPATH='' cd -- "$here/.." && pwd -P) || exit 1
# A small nursery takes 20 MB less where thousands of zones are looked at. It costs 10 ms, since Node's own code is compiled for
# its own flags only.
thousands()
{
    [ $# -ge 4000 ]
}
nursery=
case "${1:-}" in
check | repair | sync)
    if thousands /etc/zonenet/zones/*.ini
    then
        nursery=--max-semi-space-size=4
    fi
    ;;
esac

exec "$node" ${nursery:+"$nursery"} "$here/lib/start-znetadm.cjs" "$@"
