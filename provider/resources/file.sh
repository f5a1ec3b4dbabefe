# A file. Values: path, content, mode, owner, group, adopt, our_sha256 (of the text that Clearpath last wrote, or empty).

digest_of() {
    if [ -f "$1" ]; then sha256sum <"$1" | cut -d' ' -f1; fi
}

answer_found() {
    if [ -e "$record/original" ]; then answer foundSha256 "$(digest_of "$record/original")"; fi
}

write_file() {
    same_machine
    if [ -d "$path" ]; then fail "$path is a directory. Nothing was changed. Choose another path."; fi
    is_new=yes
    if [ -e "$record/owner" ]; then is_new=no; fi
    if [ $is_new = yes ] && [ -e "$path" ] && [ -z "$our_sha256" ] && [ "$adopt" != true ] && ! is_as_wanted; then
        fail "$path is there and is not Clearpath's. Nothing was changed. Set adopt: true to take it over; Clearpath keeps a copy and puts it back on delete."
    fi
    getent passwd "$owner" >/dev/null || fail "the host has no user $owner, who is to own $path. Nothing was changed. Correct owner."
    getent group "$group" >/dev/null || fail "the host has no group $group, which $path is to have. Nothing was changed. Correct group."
    claim
    trap give_up EXIT
    if [ -n "$our_sha256" ] && [ $is_new = yes ]; then
        # The record was lost. The file that is there now comes from Clearpath, so it is not kept as the former one.
        : >"$record/original.absent"
    fi
    keep "$path" "$record/original"
    make_parents "$(dirname "$path")"
    write_text "$path" "$content" "$mode" "$owner" "$group"
    trap - EXIT
    answer_found
}

give_up() {
    code=$?
    remove_directories
    unclaim
    exit "$code"
}

is_as_wanted() {
    [ "$(digest_of "$path")" = "$(printf '%s' "$content" | sha256sum | cut -d' ' -f1)" ]
}

# Makes missing parent directories, and records them, the deepest first.
make_parents() {
    if [ -d "$1" ]; then return; fi
    missing=$1
    while [ ! -d "$missing" ]; do
        grep -qsxF "$missing" "$record/directories" || printf '%s\n' "$missing" >>"$record/directories"
        missing=$(dirname "$missing")
    done
    mkdir -p "$1"
}

read_file() {
    same_machine
    if [ -f "$path" ]; then
        answer content "$(cat "$path"; echo .)"
        answer sha256 "$(digest_of "$path")"
        answer mode "$(stat -c %a "$path")"
        answer owner "$(stat -c %U "$path")"
        answer group "$(stat -c %G "$path")"
    fi
    answer_found
}

remove_file() {
    same_machine
    owned_or_done
    if [ -d "$(dirname "$path")" ]; then put_back "$path" "$record/original"; fi
    remove_directories
    forget
}

# Removes the directories that Clearpath made, if they are empty.
remove_directories() {
    if [ ! -e "$record/directories" ]; then return; fi
    while read -r directory; do rmdir "$directory" 2>/dev/null || :; done <"$record/directories"
}
