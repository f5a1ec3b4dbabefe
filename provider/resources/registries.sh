# A node's registries. K3s reads registries.yaml when it starts and renders certs.d from it.
k3s_settings=/etc/rancher/k3s

digest_of() {
    if [ -f "$1" ]; then sha256sum <"$1" | cut -d' ' -f1; fi
}

# answer_file NAME FILE: its text, with a dot after it that keeps its last line feeds.
answer_file() {
    if [ -f "$2" ]; then answer "$1" "$(cat "$2"; echo .)"; fi
}

# Finds the unit that runs, or else one that is installed. These are the names that K3s's installer uses.
find_unit() {
    unit=
    for candidate in k3s.service k3s-agent.service; do
        if [ "$(systemctl show -p LoadState --value $candidate)" != loaded ]; then continue; fi
        unit=${unit:-$candidate}
        case $(systemctl show -p ActiveState --value $candidate) in
            active | activating | reloading) unit=$candidate; running=yes; return ;;
        esac
    done
    running=no
}

# k3s_option NAME DEFAULT: a flag of the unit's command line, or else the last setting in K3s's configuration files.
k3s_option() {
    name=$1
    value=$(cat $k3s_settings/config.yaml $k3s_settings/config.yaml.d/*.yaml 2>/dev/null |
        sed -n "s/^[\"']\{0,1\}$name[\"']\{0,1\}[[:space:]]*:[[:space:]]*//p" |
        sed "s/[[:space:]]#.*$//; s/[[:space:]]*$//; s/^[\"']//; s/[\"']$//" | tail -1)
    value=${value:-$2}
    set -f
    # shellcheck disable=SC2086
    set -- $arguments
    set +f
    while [ $# -gt 0 ]; do
        case $1 in
            "--$name="*) value=${1#*=} ;;
            "--$name") case ${2:--} in -*) value=true ;; *) value=$2 ;; esac ;;
        esac
        shift
    done
    printf '%s' "$value"
}

# Finds the paths of this node.
find_places() {
    find_unit
    arguments=
    if [ -n "$unit" ]; then
        arguments=$(systemctl show -p ExecStart --value "$unit" | sed -n 's/.*argv\[\]=\(.*\) ; ignore_errors=.*/\1/p')
    fi
    data_dir=$(k3s_option data-dir /var/lib/rancher/k3s)
    k3s_path=$(k3s_option private-registry $k3s_settings/registries.yaml)
    path=$(cat "$record/path" 2>/dev/null || cat "${before-}/record/path" 2>/dev/null || :)
    path=${path:-$k3s_path}
    certs_d=$data_dir/agent/etc/containerd/certs.d
}

read_registries() {
    same_machine
    look_later
    find_places
    answer path "$path"
    answer k3sPath "$k3s_path"
    answer dataDir "$data_dir"
    answer unit "$unit"
    answer running "$running"
    answer withoutDefaultEndpoint "$(k3s_option disable-default-registry-endpoint false)"
    answer nodeName "$(k3s_option node-name "$(hostname | tr 'A-Z' 'a-z')")"
    if command -v k3s >/dev/null 2>&1; then answer version "$(k3s --version 2>/dev/null | awk 'NR == 1 { print $3 }')"; fi
    answer_file containerdConfig "$data_dir/agent/etc/containerd/config.toml"
    answer_file registries "$path"
    answer sha256 "$(digest_of "$path")"
    if [ -f "$path" ]; then answer mode "$(stat -c %a "$path")"; fi
    if [ -d "$certs_d" ]; then
        find "$certs_d" -name hosts.toml -type f | while read -r file; do
            answer hostsToml "$(printf '%s\n' "${file#"$certs_d"/}"; cat "$file"; echo .)"
        done
    fi
    for file in "$ca_directory"/*.crt; do
        if [ -f "$file" ]; then answer authority "$(basename "$file" .crt; cat "$file"; echo .)"; fi
    done
    if [ -e "$record/original" ] || [ -e "$record/original.absent" ]; then answer kept yes; fi
    answer_file applied "$record/applied"
    answer_file renderedWith "$record/rendered-with"
    answer_file original "$record/original"
}

# Gives the node other registries. Values: found_sha256 (of the registries.yaml that the change was made for), content,
# authorities and hosts_tomls (lines of base64 text, blank, name), removed_hosts_tomls (names), rendered_with, is_ours
# (whether this resource has written it before), before (a directory that keeps the former state until the change stays).
write_registries() {
    same_machine
    at_once
    claim
    put_registries
    stays
}

# Puts what was there before back. Values: as for write_registries.
remove_registries() {
    same_machine
    owned_or_done
    at_once
    put_found_back
    stays
    give_up_record
}

# Where nothing belongs to this resource, removes what remained after a power cut.
forget_registries() {
    same_machine
    clear_pending
    forget_before
    owned_or_done
}

# For a change that a running K3s takes over, or that waits for the first start of K3s.
at_once() {
    find_places
    # A power cut interrupted a change before it was armed.
    if [ ! -e "$state/pending/revert.sh" ]; then rm -rf "$state/pending"; fi
    trap forget_before EXIT
    keep_all
    trap back_as_it_was EXIT
}

back_as_it_was() {
    code=$?
    trap - EXIT
    set +e
    put_all_back
    forget_before
    exit "$code"
}

stays() {
    trap - EXIT
    forget_before
}

put_registries() {
    if [ ! -d "$before/record" ] && [ "$is_ours" = true ]; then
        # The record was lost. The file that is there now comes from Clearpath, so it is not kept as the former one.
        : >"$record/original.absent"
    fi
    note "$path" "$record/path"
    keep "$path" "$record/original"
    write_authorities
    make_parents "$(dirname "$path")"
    write_text "$path" "$content" 0600 root root
    write_certs_d
    if [ "$restart" = true ]; then take_effect; fi
    remove_authorities
    write_text "$record/applied" "$content" 0600 root root
    write_text "$record/rendered-with" "$rendered_with" 0600 root root
}

put_found_back() {
    if [ -d "$(dirname "$path")" ]; then put_back "$path" "$record/original"; fi
    write_certs_d
    remove_half_written
    put_hosts_back
    if [ "$restart" = true ]; then take_effect; fi
    remove_authorities
}

# The same changes where K3s has to be restarted: taken back unless they are confirmed. Values: ready_seconds, too.
prepare_write() {
    find_places
    keep_all
    cat /proc/sys/kernel/random/boot_id >"$pending/boot_id"
}

apply_write() {
    claim
    action=write
    put_registries
}

verify_write() {
    find_places
    if [ -n "$unit" ] && [ "$(systemctl show -p ActiveState --value "$unit")" != active ]; then
        fail "$unit stopped again after its restart. The node gets its previous files back, and another restart. Read journalctl -u $unit on the node, correct what is wrong, and run up again."
    fi
}

confirm_write() {
    :
}

revert_write() {
    find_places
    put_all_back
    # A boot has started K3s with the files that were there.
    if [ ! -e "$pending/restarted" ] && cmp -s "$pending/boot_id" /proc/sys/kernel/random/boot_id; then return; fi
    if restart_k3s; then
        left="The previous files were restored and $unit was restarted with them: it is back as it was."
    else
        left="The previous files were restored, but $unit does not come back with them either: $why_not."
        still_wrong=$left
    fi
}

prepare_remove() {
    owned_or_done
    prepare_write
}

apply_remove() {
    action=remove
    put_found_back
}

verify_remove() {
    verify_write
}

confirm_remove() {
    give_up_record
}

revert_remove() {
    revert_write
}

# Records the settings that K3s rendered with, once they are known.
settle_registries() {
    same_machine
    if owned; then write_text "$record/rendered-with" "$rendered_with" 0600 root root; fi
}

give_up_record() {
    remove_directories
    forget
}

# Keeps the record, and everything that the step may change, until the step has succeeded.
keep_all() {
    if [ "$(digest_of "$path")" != "$found_sha256" ]; then
        fail "somebody else changed $path at the same time. Clearpath changed nothing. Run up again."
    fi
    rm -rf "$before" "$(dirname "$record")/registries-before"
    (umask 077 && mkdir -p "$before")
    if [ -d "$record" ]; then cp -a "$record" "$before/record"; fi
    keep "$path" "$before/registries"
    keep "$ca_directory" "$before/authorities"
    keep "$certs_d" "$before/certs.d"
}

put_all_back() {
    if [ ! -d "$before" ]; then return; fi
    if [ -d "$(dirname "$path")" ]; then put_back "$path" "$before/registries"; fi
    put_directory_back "$ca_directory" "$before/authorities"
    if [ -d "$(dirname "$certs_d")" ]; then put_directory_back "$certs_d" "$before/certs.d"; fi
    remove_directories
    put_directory_back "$record" "$before/record"
}

forget_before() {
    rm -rf "$before"
    rmdir "$(dirname "$before")" "$state" 2>/dev/null || :
}

put_directory_back() {
    rm -rf "$1"
    if [ -d "$2" ]; then cp -a "$2" "$1"; fi
}

# Restarts K3s, and ends the step unless the node comes back.
take_effect() {
    : >"$pending/restarted"
    if restart_k3s; then return; fi
    came_to="$unit did not come back after its restart with the new registries.yaml: $why_not."
    left=
    revert_change $action
    phase=reverted
    fail "$came_to $left Read journalctl -u $unit on the node, correct what is wrong, and run up again."
}

# Lines of "base64 name", each of them given to a command as NAME TEXT.
for_each_text() {
    lines=$1
    shift
    printf '%s\n' "$lines" | while read -r encoded name; do
        if [ -z "$name" ]; then continue; fi
        text=$(printf '%s' "$encoded" | base64 -d; echo .)
        "$@" "$name" "${text%.}"
    done
}

write_certs_d() {
    for_each_text "$hosts_tomls" write_hosts_toml
    printf '%s\n' "$removed_hosts_tomls" | while read -r name; do
        if [ -n "$name" ]; then rm -rf "$(dirname "$certs_d/$name")"; fi
    done
}

# Directories get the mode that K3s gives them. A hosts.toml that somebody else wrote is kept, since K3s would remove it too.
write_hosts_toml() {
    directory=$(dirname "$certs_d/$1")
    if [ -f "$certs_d/$1" ] && ! head -1 "$certs_d/$1" | grep -qxF '# File generated by k3s. DO NOT EDIT.'; then
        mkdir -p "$record/hosts"
        copy=$record/hosts/$(printf '%s' "$1" | base64 -w0 | tr / _)
        if [ ! -e "$copy" ]; then cp -a "$certs_d/$1" "$copy"; fi
    fi
    (umask 077 && mkdir -p "$directory")
    write_text "$certs_d/$1" "$2" 0644 root root
}

# Removes files in certs.d that a power cut left incomplete.
remove_half_written() {
    find "$certs_d" -name "$(basename "$(staging_of hosts.toml)")" 2>/dev/null | while read -r half; do
        rm -f "$half"
        rmdir "$(dirname "$half")" 2>/dev/null || :
    done
}

put_hosts_back() {
    for copy in "$record"/hosts/*; do
        if [ ! -e "$copy" ]; then continue; fi
        name=$(basename "$copy" | tr _ / | base64 -d)
        (umask 077 && mkdir -p "$(dirname "$certs_d/$name")")
        put_back "$certs_d/$name" "$copy"
    done
}

write_authorities() {
    for_each_text "$authorities" write_authority
}

write_authority() {
    make_parents "$ca_directory"
    keep "$ca_directory/$1.crt" "$record/authority-$1"
    write_text "$ca_directory/$1.crt" "$2" 0644 root root
}

# Removes authorities that are no longer wanted, once no registry names them any more.
remove_authorities() {
    for copy in "$record"/authority-*; do
        if [ ! -e "$copy" ]; then continue; fi
        name=$(basename "$copy" .absent)
        name=${name#authority-}
        if printf '%s\n' "$authorities" | grep -q " $name\$"; then continue; fi
        if [ -d "$ca_directory" ]; then put_back "$ca_directory/$name.crt" "$record/authority-$name"; fi
        rm -f "$copy"
    done
}

# Makes missing parent directories, and records them.
make_parents() {
    if [ -d "$1" ]; then return; fi
    missing=$1
    while [ ! -d "$missing" ]; do
        printf '%s\n' "$missing" >>"$record/directories"
        missing=$(dirname "$missing")
    done
    mkdir -p "$1"
}

# Removes the directories that Clearpath made, the deepest first, if they are empty.
remove_directories() {
    if [ ! -e "$record/directories" ]; then return; fi
    sort -r "$record/directories" | while read -r directory; do rmdir "$directory" 2>/dev/null || :; done
}
