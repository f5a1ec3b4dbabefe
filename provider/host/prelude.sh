# Comes first in every step. Steps run as root, with standard input closed.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022
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
    if [ -n "$expected_machine_id" ] && [ "$machine_id" != "$expected_machine_id" ]; then exit 0; fi
}

# Each thing that is managed has a record: who owns it, and what was there before.

owned() {
    [ -e "$record/owner" ] && [ "$(cat "$record/owner")" = "$owner_id" ]
}

claim() {
    former_owner=$(cat "$record/owner" 2>/dev/null || :)
    if [ -n "$former_owner" ] && ! owned; then answer takenFrom "$former_owner"; fi
    (umask 077 && mkdir -p "$record")
    printf '%s\n' "$owner_id" >"$record/owner"
}

# Undoes claim, and with it the record if there was none.
unclaim() {
    if [ -n "$former_owner" ]; then printf '%s\n' "$former_owner" >"$record/owner"; else forget; fi
}

forget() {
    rm -rf "$record"
    rmdir "$(dirname "$record")" "$state" 2>/dev/null || :
}

# write_text PATH TEXT MODE OWNER GROUP: whole or not at all, also when the power fails in between.
write_text() {
    staged=$(mktemp "$(dirname "$1")/.clearpath.XXXXXX")
    printf '%s' "$2" >"$staged"
    if ! said=$(chown "$4:$5" "$staged" 2>&1 && chmod "$3" "$staged" 2>&1 && sync "$staged" 2>&1); then
        rm -f "$staged"
        fail "$1 could not be written: $said. It is as it was. Correct mode, owner and group."
    fi
    mv -f "$staged" "$1"
}

# keep PATH COPY: keeps what is there before the first change, or that nothing was.
keep() {
    if [ -e "$2" ] || [ -e "$2.absent" ]; then return; fi
    if [ -e "$1" ] || [ -L "$1" ]; then cp -a "$1" "$2"; else : >"$2.absent"; fi
}

# put_back PATH COPY
put_back() {
    if [ -e "$2" ] || [ -L "$2" ]; then
        staged=$(mktemp -u "$(dirname "$1")/.clearpath.XXXXXX")
        cp -a "$2" "$staged"
        mv -f "$staged" "$1"
    else
        rm -f "$1"
    fi
}
