#!/bin/sh
# Removes the least recently read blobs from registries' storage, until the storage is no larger than the limit.
#   sh evict.sh LIMIT_KIB DIRECTORY…
#
# Only the data of blobs is removed: a proxy that misses it asks its upstream again, and containerd asks the upstream when
# the twin no longer has it. Data younger than an hour stays, because somebody may be reading or writing it.
set -eu
limit=$1
shift

used_kib() {
    du -skc "$@" | tail -n 1 | cut -f 1
}

used=$(used_kib "$@")
if [ "$used" -le "$limit" ]; then exit 0; fi

excess=$((used - limit))
find "$@" -path '*/blobs/sha256/*/data' -type f -mmin +60 -printf '%A@ %k %p\n' | sort -n |
    while [ "$excess" -gt 0 ] && read -r _ size file; do
        rm -f -- "$file"
        rmdir -- "$(dirname -- "$file")" 2>/dev/null || :
        excess=$((excess - size))
    done
left=$(used_kib "$@")
echo "removed $(((used - left) / 1024)) MiB of $((used / 1024)) MiB of cached data"
