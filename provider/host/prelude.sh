# The first part of every step. Steps run as root, with standard input closed.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022
# When the connection breaks, the next answer fails and the step cleans up; the signal would kill the step at once.
trap '' PIPE
state=/var/lib/clearpath

# answer NAME VALUE: prints one line of JSON; with base64 the host needs no JSON encoder.
answer() {
    printf '{"name":"%s","base64":"%s"}\n' "$1" "$(printf '%s' "$2" | base64 -w0)"
}

# fail SENTENCES: ends the step. The sentences say what failed, what state the host is in, and what to do.
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

# Ends the step when the host is not the one that the resource was created on.
same_machine() {
    machine_id=$(cat /etc/machine-id)
    answer machineId "$machine_id"
    if [ -e "$record/owner" ]; then answer recorded "$(cat "$record/owner")"; fi
    if [ -n "$expected_machine_id" ] && [ "$machine_id" != "$expected_machine_id" ]; then exit 0; fi
}

# Each managed object has a record: its owner, and what was there before. The owner is written first and removed first,
# so a record without an owner is the part that remained after a power cut, and it is ignored.

owned() {
    [ -e "$record/owner" ] && [ "$(cat "$record/owner")" = "$owner_id" ]
}

claim() {
    former_owner=$(cat "$record/owner" 2>/dev/null || :)
    if [ -n "$former_owner" ] && ! owned; then answer takenFrom "$former_owner"; fi
    if [ -z "$former_owner" ]; then rm -rf "$record"; fi
    if said=$(write_owner 2>&1); then return; fi
    if [ -z "$former_owner" ]; then forget; fi
    fail "$record could not be written: $said. Everything is as it was. Correct the cause, then run up again."
}

write_owner() {
    (umask 077 && mkdir -p "$record") && note "$owner_id" "$record/owner"
}

# put TEXT FILE. Uses cat, whose error message is exact: the shell's own commands call a full disk an I/O error.
put() {
    printf '%s\n' "$1" | cat >"$2"
}

# note TEXT FILE: writes a line of the record, completely or not at all, also when the power fails in between.
note() {
    put "$1" "$2.new" && sync "$2.new" && mv -f "$2.new" "$2"
}

# flush DIRECTORY: writes everything in it to the disk.
flush() {
    find "$1" \( -type f -o -type d \) -exec sync {} +
}

# Undoes claim; removes the record if there was none before.
unclaim() {
    if [ -n "$former_owner" ]; then note "$former_owner" "$record/owner"; else forget; fi
}

forget() {
    rm -f "$record/owner"
    rm -rf "$record"
    rmdir "$(dirname "$record")" "$state" 2>/dev/null || :
}

# Ends a removal when the object does not belong to this resource, or is removed already.
owned_or_done() {
    if owned; then return; fi
    if [ ! -e "$record/owner" ]; then forget; fi
    exit 0
}

# Where a file is written before it replaces another one. The next try uses the same name, so that nothing remains of a
# write that a power cut interrupted.
staging_of() {
    printf '%s/.%s.clearpath' "$(dirname "$1")" "$(basename "$1")"
}

# write_text PATH TEXT MODE OWNER GROUP: writes a file, completely or not at all, also when the power fails in between.
write_text() {
    staged=$(staging_of "$1")
    if ! said=$(stage_text "$staged" "$2" "$3" "$4:$5" 2>&1); then
        rm -f "$staged"
        fail "$1 could not be written: $said. It is as it was. Correct the cause, then run up again."
    fi
    mv -f "$staged" "$1"
    sync "$(dirname "$1")"
}

# erase PATH: removes a file, and its staged copy if a power cut interrupted a write.
erase() {
    rm -f "$1" "$(staging_of "$1")"
}

stage_text() {
    rm -f "$1" && (umask 077 && set -C && printf '%s' "$2" | cat >"$1") && chown "$4" "$1" && chmod "$3" "$1" && sync "$1"
}

# keep PATH COPY: before the first change, keeps a copy of a file, or a note that there was none.
keep() {
    if [ -e "$2" ] || [ -L "$2" ] || [ -e "$2.absent" ]; then return; fi
    if [ -e "$1" ] || [ -L "$1" ]; then copy_whole "$1" "$2" "$2.new"; else : >"$2.absent"; fi
}

# put_back PATH COPY: a file without a kept copy was never changed, and stays.
put_back() {
    if [ -e "$2" ] || [ -L "$2" ]; then
        copy_whole "$2" "$1" "$(staging_of "$1")"
    elif [ -e "$2.absent" ]; then
        erase "$1"
    else
        rm -f "$(staging_of "$1")"
    fi
}

# copy_whole FROM TO STAGED: TO is never incomplete.
copy_whole() {
    rm -f "$3"
    cp -a "$1" "$3"
    if [ ! -L "$3" ]; then sync "$3"; fi
    mv -f "$3" "$2"
    sync "$(dirname "$2")"
}
