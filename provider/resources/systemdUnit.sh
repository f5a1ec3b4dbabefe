# A unit. Values: unit, content, enabled, running, remove_directories.
unit_file=/etc/systemd/system/$unit

has_succeeded() {
    [ "$(systemctl show -p Type --value "$unit")" = oneshot ] && [ "$(systemctl show -p Result --value "$unit")" = success ] &&
        [ "$(systemctl show -p ActiveEnterTimestampMonotonic -p ExecMainExitTimestampMonotonic --value "$unit" | sort -n | tail -1)" != 0 ]
}

# A oneshot unit that succeeded counts as running.
is_running() {
    case $(systemctl show -p ActiveState --value "$unit") in
        active | activating | reloading) return 0 ;;
        inactive) has_succeeded ;;
        *) return 1 ;;
    esac
}

is_enabled() {
    systemctl --quiet is-enabled "$unit" 2>/dev/null
}

set_unit() {
    same_machine
    if [ ! -e "$record/owner" ] && [ -n "$(systemctl show -p FragmentPath --value "$unit")" ]; then
        fail "there is a unit $unit already, at $(systemctl show -p FragmentPath --value "$unit"), and Clearpath did not write it. Nothing was changed. Choose another name."
    fi
    before=$(mktemp -d)
    keep "$unit_file" "$before/unit"
    was_enabled=no
    if is_enabled; then was_enabled=yes; fi
    was_running=no
    if is_running; then was_running=yes; fi
    claim
    trap take_back EXIT
    changed=yes
    if [ -f "$unit_file" ] && [ "$(cat "$unit_file"; echo .)" = "$content." ]; then changed=no; fi
    write_text "$unit_file" "$content" 0644 root root
    systemctl daemon-reload
    [ "$(systemctl show -p LoadState --value "$unit")" = loaded ] || refuse "systemd does not load $unit: $(systemd-analyze verify "$unit" 2>&1 | head -5)"
    if [ "$enabled" = true ]; then try enable; elif is_enabled; then try disable; fi
    if [ "$running" = true ]; then
        if [ $changed = yes ] || ! is_running; then
            try restart
            # A simple service counts as started before it has run.
            sleep 0.3
            is_running || refuse "$unit stopped right after its start: $(journal)"
        fi
    elif is_running; then
        try stop
    fi
    trap - EXIT
    rm -rf "$before"
}

refuse() {
    fail "$(printf '%s' "$1" | sed 's/[. :]*$//'). Everything is as it was. Correct content."
}

try() {
    said=$(systemctl --quiet "$1" "$unit" 2>&1) ||
        refuse "systemctl $1 $unit failed: $said: $(journal)"
}

journal() {
    journalctl -q -o cat -n 4 -u "$unit" 2>/dev/null | tr '\n' ' '
}

take_back() {
    code=$?
    trap - EXIT
    if [ "$was_enabled" = no ] && is_enabled; then systemctl --quiet disable "$unit" || :; fi
    if [ "$was_running" = no ]; then systemctl --quiet stop "$unit" || :; fi
    put_back "$unit_file" "$before/unit"
    systemctl daemon-reload
    systemctl reset-failed "$unit" 2>/dev/null || :
    if [ "$was_enabled" = yes ]; then systemctl --quiet enable "$unit" || :; fi
    if [ "$was_running" = yes ]; then systemctl --quiet restart "$unit" || :; fi
    unclaim
    rm -rf "$before"
    exit "$code"
}

read_unit() {
    same_machine
    if [ -f "$unit_file" ]; then answer content "$(cat "$unit_file"; echo .)"; fi
    if is_enabled; then answer enabled yes; fi
    if is_running; then answer running yes; fi
}

remove_unit() {
    same_machine
    owned_or_done
    if is_enabled; then systemctl --quiet disable "$unit" || :; fi
    if [ "$(systemctl show -p LoadState --value "$unit")" != not-found ]; then
        attempt "The unit is still there. Stop it by hand, then run again." systemctl --quiet stop "$unit"
    fi
    if [ "$remove_directories" = true ] && [ "$(systemctl show -p LoadState --value "$unit")" = loaded ]; then
        attempt "The unit is stopped and still there. Remove its directories by hand, then run again." systemctl clean --what=all "$unit"
    fi
    erase "$unit_file"
    systemctl daemon-reload
    systemctl reset-failed "$unit" 2>/dev/null || :
    forget
}
