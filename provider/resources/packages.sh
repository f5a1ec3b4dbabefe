# Debian packages. Values: packages, separated by spaces; is_new, whether the resource is being created; and for a read
# made_by, the resource's URN.

installed_packages() {
    dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | awk '$1 == "ii" { print $2 }' | sort -u
}

# Packages of which a part is installed: also those that a power cut left incomplete, and the settings of removed ones.
present_packages() {
    dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | awk '$1 !~ /^.n/ { print $2 }' | sort -u
}

wanted_packages() {
    printf '%s\n' $packages | sort -u
}

read_packages() {
    same_machine
    need dpkg-query dpkg
    if [ -z "$owner_id" ]; then find_unfinished; fi
    there=$(installed_packages)
    for name in $packages; do
        if printf '%s\n' "$there" | grep -qxF "$name"; then found="${found-} $name"; fi
    done
    answer installed "${found-}"
}

# Finds the owner of an installation that a killed run has begun: only that run knew the name of the record.
find_unfinished() {
    for other in "$(dirname "$record")"/*/owner; do
        if [ ! -e "$other" ]; then continue; fi
        owner=$(cat "$other")
        if [ "${owner% *}" = "$made_by" ]; then answer recorded "$owner"; fi
    done
}

install_packages() {
    same_machine
    need dpkg-query dpkg
    need apt-get apt
    work=$(mktemp -d)
    trap leave EXIT
    claim
    if [ "$is_new" = true ]; then take_over_same; fi
    note "$(wanted_packages)" "$record/wanted"
    installed_packages >"$work/before"
    wanted_packages | comm -23 - "$work/before" >"$work/missing"
    : >"$work/coming"
    present_packages >"$work/present"
    if [ -s "$work/missing" ] || [ -e "$record/unfinished" ]; then
        keep_services_from_starting
        finish_interrupted
        try_install || { apt_get update >"$work/said" 2>&1 && try_install; } || {
            purge_listed "$work/coming"
            fail "apt-get could not install $(tr '\n' ' ' <"$work/missing"): $(grep -E '^(E|W|Err)' "$work/said" | tail -3 | tr '\n' ' ')Everything that it installed was removed again. See that apt on the host reaches its mirror."
        }
        leave_services_disabled
        rm -f "$record/unfinished"
    fi
    answer added "$(added_packages)"
}

# The same packages may belong to a resource that was renamed, or that no state has because its run was killed.
take_over_same() {
    for other in "$(dirname "$record")"/*; do
        if [ "$other" = "$record" ] || [ "$(cat "$other/wanted" 2>/dev/null)" != "$(wanted_packages)" ]; then continue; fi
        if [ -s "$other/owner" ]; then answer takenFrom "$(cat "$other/owner")"; fi
        for list in added unfinished; do
            if [ -e "$other/$list" ]; then note_names "$other/$list" $list; fi
        done
        rm -f "$other/owner"
        rm -rf "$other"
    done
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"
}

# Records the packages before they are installed, so that after a power cut each of them still has an owner.
try_install() {
    apt_get -s --no-install-recommends install $(cat "$work/missing") >"$work/said" 2>&1 || return 1
    awk '$1 == "Inst" { print $2 }' "$work/said" | sed 's/:.*//' | sort -u | comm -23 - "$work/present" >>"$work/coming"
    if ! { note_names "$work/coming" unfinished && note_names "$work/coming" added; } 2>"$work/why"; then
        sed 's/^/E: /' "$work/why" >"$work/said"
        return 1
    fi
    apt_get --no-install-recommends install $(cat "$work/missing") >"$work/said" 2>&1
}

# note_names FILE NAME: adds the names in a file to a list of the record.
note_names() {
    note "$(cat "$record/$2" "$1" 2>/dev/null | sort -u)" "$record/$2"
}

added_packages() {
    installed_packages >"$work/now"
    sort -u "$record/added" 2>/dev/null | comm -12 - "$work/now"
}

# Finishes what a power cut interrupted: apt refuses to work before that.
finish_interrupted() {
    if [ -z "$(dpkg --audit 2>&1)" ] && [ -z "$(ls /var/lib/dpkg/updates)" ]; then return; fi
    DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confdef --force-confold >"$work/said" 2>&1 || :
}

# Debian's own way to keep services from starting at their installation; a file of the administrator is respected.
policy=/usr/sbin/policy-rc.d
policy_mark='# Written by Clearpath, and removed by it: what it installs is not started.'

keep_services_from_starting() {
    if [ ! -e $policy ]; then write_text $policy "#!/bin/sh
$policy_mark
exit 101
" 0755 root root; fi
}

allow_services_to_start() {
    if grep -qsxF "$policy_mark" $policy; then erase $policy; else rm -f "$(staging_of $policy)"; fi
}

leave_services_disabled() {
    installed_packages | comm -12 "$record/unfinished" - | xargs -r dpkg -L |
        sed -n 's|^/\(usr/\)\{0,1\}lib/systemd/system/\([^/@]*\.service\)$|\2|p' | sort -u >"$work/services"
    # After a power cut in between, the boot has started the services that the packages enabled.
    while read -r service; do systemctl --quiet disable --now "$service" 2>/dev/null || :; done <"$work/services"
}

leave() {
    code=$?
    allow_services_to_start
    if [ "$code" -ne 0 ] && [ -z "$(cat "$record/added" 2>/dev/null)" ]; then unclaim; fi
    rm -rf "$work"
    exit "$code"
}

remove_packages() {
    same_machine
    forget_nobodys
    owned_or_done
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    allow_services_to_start
    finish_interrupted
    purge_listed "$record/added"
    answer stay "$(cat "$record/added")"
    forget
}

# Removes records without an owner: a power cut interrupted them before anything was installed.
forget_nobodys() {
    for other in "$(dirname "$record")"/*; do
        if [ -d "$other" ] && [ ! -e "$other/owner" ]; then rm -rf "$other"; fi
    done
}

# purge_listed FILE: removes the listed packages, except those that other packages need.
purge_listed() {
    present_packages >"$work/now"
    sort -u "$1" 2>/dev/null | comm -12 - "$work/now" >"$work/ours"
    if [ -s "$work/ours" ]; then
        # First together, because they may need each other; then one by one, so that one that is needed does not keep the others.
        purge $(cat "$work/ours") || while read -r name; do purge "$name" || :; done <"$work/ours"
    fi
    present_packages >"$work/now"
    for list in added unfinished; do
        if [ -e "$record/$list" ]; then note "$(sort -u "$record/$list" | comm -12 - "$work/now")" "$record/$list"; fi
    done
}

# Also purges packages that are only half installed.
purge() {
    dpkg --purge --force-remove-reinstreq "$@" >/dev/null 2>&1
}
