#!/bin/sh
# Stands before a command of a host: counts it, and holds the one that a fault is to strike at. It does nothing unless
# the lab counts, which it stops to do when the host loses its power: /run is empty after a boot.
name=${0##*/}
run=/run/lab-breakpoints
if [ -e $run/pause ]; then
    read -r pause <$run/pause
    /usr/bin/sleep "$pause"
fi
if [ -e $run/count ]; then
    read -r count <$run/count
    count=$((count + 1))
    echo $count >$run/count
    printf '%s %.300s\n' "$name" "$*" >>$run/commands
    read -r wanted <$run/wanted
    if [ $count = "$wanted" ]; then
        : >$run/held
        while [ -e $run/held ]; do /usr/bin/sleep 0.02; done
    fi
fi
for directory in /usr/sbin /usr/bin; do
    if [ -x $directory/$name ]; then exec $directory/$name "$@"; fi
done
echo "$name: not found" >&2
exit 127
