# Debian packages. Values: packages, separated by spaces.

installed_packages() {
    dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | awk '$1 == "ii" { print $2 }' | sort -u
}

wanted_packages() {
    printf '%s\n' $packages | sort -u
}

read_packages() {
    same_machine
    need dpkg-query dpkg
    there=$(installed_packages)
    for name in $packages; do
        if printf '%s\n' "$there" | grep -qxF "$name"; then found="${found-} $name"; fi
    done
    answer installed "${found-}"
}

install_packages() {
    same_machine
    need dpkg-query dpkg
    need apt-get apt
    work=$(mktemp -d)
    trap leave EXIT
    claim
    installed_packages >"$work/before"
    wanted_packages | comm -23 - "$work/before" >"$work/missing"
    if [ -s "$work/missing" ]; then
        keep_services_from_starting
        try_install || { apt_get update >"$work/said" 2>&1 && try_install; } || {
            note_added
            purge_added
            fail "apt-get could not install $(tr '\n' ' ' <"$work/missing"): $(grep -E '^(E|W|Err)' "$work/said" | tail -3 | tr '\n' ' ')Nothing was kept of it. See that apt on the host reaches its mirror."
        }
        note_added
        leave_services_disabled
    fi
    answer added "$(cat "$record/added" 2>/dev/null || :)"
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"
}

try_install() {
    apt_get --no-install-recommends install $(cat "$work/missing") >"$work/said" 2>&1
}

note_added() {
    installed_packages | comm -13 "$work/before" - >>"$record/added"
}

# Debian's own way to keep what is being installed from running; an administrator's file is respected.
keep_services_from_starting() {
    if [ -e /usr/sbin/policy-rc.d ]; then return; fi
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    : >"$work/policy"
}

leave_services_disabled() {
    installed_packages | comm -13 "$work/before" - | xargs -r dpkg -L |
        sed -n 's|^/\(usr/\)\{0,1\}lib/systemd/system/\([^/@]*\.service\)$|\2|p' | sort -u >"$work/services"
    while read -r service; do systemctl --quiet disable "$service" 2>/dev/null || :; done <"$work/services"
}

leave() {
    code=$?
    if [ -e "$work/policy" ]; then rm -f /usr/sbin/policy-rc.d; fi
    if [ "$code" -ne 0 ] && [ ! -s "$record/added" ]; then unclaim; fi
    rm -rf "$work"
    exit "$code"
}

remove_packages() {
    same_machine
    if ! owned; then exit 0; fi
    work=$(mktemp -d)
    purge_added
    answer stay "$(installed_packages | comm -12 "$work/ours" -)"
    rm -rf "$work"
    forget
}

purge_added() {
    installed_packages >"$work/now"
    sort -u "$record/added" 2>/dev/null | comm -12 - "$work/now" >"$work/ours"
    if [ -s "$work/ours" ]; then
        # Together, so that they may need each other; then one by one, so that one which is needed keeps none of the others.
        dpkg --purge $(cat "$work/ours") >/dev/null 2>&1 ||
            while read -r name; do dpkg --purge "$name" >/dev/null 2>&1 || :; done <"$work/ours"
    fi
    installed_packages | comm -12 "$work/ours" - >"$work/left"
    cp "$work/left" "$record/added"
}
