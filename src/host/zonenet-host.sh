#!/bin/sh
# The method of svc:/network/zonenet-host: mends links before zones boot, then leaves "znetadm watch" behind, which is
# the service. Strict POSIX sh: /sbin/sh of illumos is ksh93, a developer's may be dash.

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 95
znetadm=$here/bin/znetadm

case "${1:-}" in
start)
    if [ ! -x "$znetadm" ]
    then
        echo "$znetadm is missing: install zonenet again" >&2
        # SMF_EXIT_ERR_CONFIG: trying again does not help.
        exit 96
    fi
    # Its failure is told above, and is no reason to keep zones down whose links are there: they boot after this.
    "$znetadm" repair-links || echo "some links are not as recorded; zones that need them will not boot" >&2
    "$znetadm" watch &
    ;;
*)
    echo "usage: $0 start" >&2
    exit 2
    ;;
esac
