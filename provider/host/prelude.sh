# Comes first in every step. Steps run as root, with standard input closed.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022
# A connection that breaks makes answers fail, which ends the step in order; the signal would end it on the spot.
trap '' PIPE
state=/var/lib/clearpath

# answer NAME VALUE: one line of JSON; base64 spares the host a JSON encoder.
answer() {
    printf '{"name":"%s","base64":"%s"}\n' "$1" "$(printf '%s' "$2" | base64 -w0)"
}

# fail SENTENCES: ends the step; the sentences say what failed, what state things are in, and what to do.
fail() {
    answer failure "$1"
    exit 1
}

# need PROGRAM PACKAGE: ends the step when the host lacks a program.
need() {
    command -v "$1" >/dev/null 2>&1 && return
    answer missingProgram "$1"
    answer missingPackage "$2"
    exit 1
}

# attempt STATE COMMAND…: ends the step with what the command said on standard error, and with STATE.
attempt() {
    left=$1
    shift
    said=$("$@" 2>&1 >/dev/null) || fail "$(printf '%s' "$*" | cut -c1-200) failed: $said. $left"
}

# Ends the step on a host that is another one than the resource was made on.
same_machine() {
    machine_id=$(cat /etc/machine-id)
    answer machineId "$machine_id"
    if [ -e "$record/owner" ]; then answer recorded "$(cat "$record/owner")"; fi
    if [ -n "$expected_machine_id" ] && [ "$machine_id" != "$expected_machine_id" ]; then exit 0; fi
}

# Each thing that is managed has a record: who owns it, and what was there before. The owner is written first and
# removed first: a record without one is what a power cut has left of it, and says nothing.

owned() {
    [ -e "$record/owner" ] && [ "$(cat "$record/owner")" = "$owner_id" ]
}

claim() {
    former_owner=$(cat "$record/owner" 2>/dev/null || :)
    if [ -n "$former_owner" ] && ! owned; then answer takenFrom "$former_owner"; fi
    if [ -z "$former_owner" ]; then rm -rf "$record"; fi
    if said=$(write_owner 2>&1); then return; fi
    if [ -z "$former_owner" ]; then forget; fi
    fail "$record could not be written: $said. Everything is as it was. Correct what that names, then run again."
}

write_owner() {
    (umask 077 && mkdir -p "$record") && note "$owner_id" "$record/owner"
}

# put TEXT FILE. By cat, which says what is wrong: the shell's own commands call a full disk an I/O error.
put() {
    printf '%s\n' "$1" | cat >"$2"
}

# note TEXT FILE: a line of the record, whole or not at all, also when the power fails in between.
note() {
    put "$1" "$2.new" && sync "$2.new" && mv -f "$2.new" "$2"
}

# flush DIRECTORY: everything in it is on the disk from here on.
flush() {
    find "$1" \( -type f -o -type d \) -exec sync {} +
}

# Undoes claim, and with it the record if there was none.
unclaim() {
    if [ -n "$former_owner" ]; then note "$former_owner" "$record/owner"; else forget; fi
}

forget() {
    rm -f "$record/owner"
    rm -rf "$record"
    rmdir "$(dirname "$record")" "$state" 2>/dev/null || :
}

# Ends a removal where the thing is not this resource's, or is removed already.
owned_or_done() {
    if owned; then return; fi
    if [ ! -e "$record/owner" ]; then forget; fi
    exit 0
}

# Where a file is written before it takes another's place: a name that the next try uses again, so that a power cut
# leaves nothing for good.
staging_of() {
    printf '%s/.%s.clearpath' "$(dirname "$1")" "$(basename "$1")"
}

# write_text PATH TEXT MODE OWNER GROUP: whole or not at all, also when the power fails in between.
write_text() {
    staged=$(staging_of "$1")
    if ! said=$(stage_text "$staged" "$2" "$3" "$4:$5" 2>&1); then
        rm -f "$staged"
        fail "$1 could not be written: $said. It is as it was. Correct what that names, then run again."
    fi
    mv -f "$staged" "$1"
    sync "$(dirname "$1")"
}

# erase PATH: with what a power cut may have left of it.
erase() {
    rm -f "$1" "$(staging_of "$1")"
}

stage_text() {
    rm -f "$1" && (umask 077 && set -C && printf '%s' "$2" | cat >"$1") && chown "$4" "$1" && chmod "$3" "$1" && sync "$1"
}

# keep PATH COPY: keeps what is there before the first change, or that nothing was.
keep() {
    if [ -e "$2" ] || [ -L "$2" ] || [ -e "$2.absent" ]; then return; fi
    if [ -e "$1" ] || [ -L "$1" ]; then copy_whole "$1" "$2" "$2.new"; else : >"$2.absent"; fi
}

# put_back PATH COPY: what was never kept was never changed, and stays.
put_back() {
    if [ -e "$2" ] || [ -L "$2" ]; then
        copy_whole "$2" "$1" "$(staging_of "$1")"
    elif [ -e "$2.absent" ]; then
        erase "$1"
    else
        rm -f "$(staging_of "$1")"
    fi
}

# copy_whole FROM TO STAGED: TO is never there in part.
copy_whole() {
    rm -f "$3"
    cp -a "$1" "$3"
    if [ ! -L "$3" ]; then sync "$3"; fi
    mv -f "$3" "$2"
    sync "$(dirname "$2")"
}
