# The MTU of a link. Values: link, mtu, found_mtu, manager, and for each boot file of $file_numbers its path, its new text,
# the digest of the text that this was made from, and how the change is undone.

look() {
    need ip iproute2
    same_machine
    look_later
    look_at_record
    if ! said=$(ip -d -j link show dev "$link" 2>/dev/null); then
        answer links "$(ls /sys/class/net | tr '\n' ' ')"
        return
    fi
    answer link "$said"
    answer ports "$(ip -j link show master "$link" 2>/dev/null || echo '[]')"
    answer globalAddresses "$(ip -6 -o addr show dev "$link" scope global)"
    master=$(basename "$(readlink "/sys/class/net/$link/master" 2>/dev/null)")
    if [ -n "$master" ]; then
        answer master "$(ip -d -j link show dev "$master")"
    fi
    look_at_managers
}

look_at_record() {
    if [ ! -e "$record/owner" ]; then return; fi
    if owned; then answer owned yes; fi
    for name in found_mtu manager already_right; do
        if [ -e "$record/$name" ]; then answer "record_$name" "$(cat "$record/$name")"; fi
    done
    for path_file in "$record"/file*.path; do
        [ -e "$path_file" ] || continue
        copy=${path_file%.path}
        number=${copy##*/file}
        path=$(cat "$path_file")
        answer "kept_${number}_path" "$path"
        if [ -e "$copy" ]; then answer "kept_${number}_text" "$(cat "$copy"; echo .)"; fi
        if [ -e "$path" ]; then answer "now_${number}_text" "$(cat "$path"; echo .)"; fi
    done
}

look_at_managers() {
    netif=/run/systemd/netif/links/$(cat "/sys/class/net/$link/ifindex")
    if [ -e "$netif" ]; then answer networkFile "$(sed -n 's/^NETWORK_FILE=//p' "$netif")"; fi
    if command -v nmcli >/dev/null 2>&1; then
        uuid=$(nmcli -g GENERAL.CON-UUID device show "$link" 2>/dev/null || :)
        if [ -n "$uuid" ]; then
            profile=$(nmcli -t -f UUID,FILENAME connection show | sed -n "s/^$uuid://p")
            answer profile "$profile"
        fi
    fi
    if [ -d /usr/share/ifupdown2 ]; then answer ifupdown ifupdown2; elif command -v ifup >/dev/null 2>&1; then answer ifupdown ifupdown; fi
    config_files | while read -r path; do
        count=$((${count:-0} + 1))
        answer "config_${count}_path" "$path"
        answer "config_${count}_text" "$(cat "$path"; echo .)"
    done
}

# Files that may set the link's MTU at boot.
config_files() {
    interfaces=/etc/network/interfaces
    if [ -e "$interfaces" ]; then
        echo "$interfaces"
        sed -n 's/^[[:space:]]*source[[:space:]]\{1,\}//p' "$interfaces" | while read -r pattern; do
            case $pattern in /*) ;; *) pattern=/etc/network/$pattern ;; esac
            ls -d $pattern 2>/dev/null || :
        done
        sed -n 's/^[[:space:]]*source-directory[[:space:]]\{1,\}//p' "$interfaces" | while read -r directory; do
            case $directory in /*) ;; *) directory=/etc/network/$directory ;; esac
            ls -d "$directory"/* 2>/dev/null || :
        done
    fi
    for path in /etc/dhcp/dhclient.conf /etc/netplan/90-clearpath-*.yaml \
        /etc/systemd/network/*.network.d/90-clearpath.conf "${profile:-}"; do
        if [ -e "$path" ]; then echo "$path"; fi
    done
}

value_of() {
    eval "printf '%s' \"\$file$1_$2\""
}

live_mtu() {
    cat "/sys/class/net/$link/mtu"
}

digest_of() {
    if [ -e "$1" ]; then sha256sum <"$1" | cut -d' ' -f1; else echo absent; fi
}

# A new text is valid only while the file that it was made from is the same.
unchanged_files() {
    for number in $file_numbers; do
        path=$(value_of "$number" path)
        if [ "$(digest_of "$path")" != "$(value_of "$number" sha256)" ]; then
            fail "somebody else changed $path at the same time. Clearpath changed nothing. Run up again."
        fi
    done
}

prepare_set() {
    unchanged_files
    live_mtu >"$pending/mtu"
}

apply_set() {
    attempt "The link is as it was." ip link set dev "$link" mtu "$mtu"
}

verify_set() {
    if [ "$(live_mtu)" != "$mtu" ]; then
        fail "the MTU of $link changed back to $(live_mtu). Everything is as it was. A program on the host sets it: find it and stop it."
    fi
}

# The MTU of the link is right already, set by someone else: only a record is written.
record_found() {
    same_machine
    claim
    note "$found_mtu" "$record/found_mtu"
    note yes "$record/already_right"
    answer liveMtu "$(live_mtu)"
}

confirm_set() {
    unchanged_files
    claim
    if [ ! -s "$record/found_mtu" ]; then note "$found_mtu" "$record/found_mtu"; fi
    note "$manager" "$record/manager"
    rm -f "$record/already_right"
    for number in $file_numbers; do
        path=$(value_of "$number" path)
        # The record may know the file under another number, from an earlier manager.
        if ! grep -qsxF "$path" "$record"/file*.path; then
            slot=$(($(ls "$record" | grep -c '\.path$' || :) + 1))
            rm -f "$record/file$slot" "$record/file$slot.absent"
            keep "$path" "$record/file$slot"
            note "$path" "$record/file$slot.path"
        fi
        keep "$path" "$pending/file$number"
        write_boot_file "$path" "$(value_of "$number" text; echo .)" "$(value_of "$number" mode)"
    done
    check_boot_files
}

# write_boot_file PATH TEXT. MODE: keeps mode and owner of a file that is there. The dot protects line feeds at the end.
write_boot_file() {
    mkdir -p "$(dirname "$1")"
    if [ -e "$1" ]; then
        write_text "$1" "${2%.}" "$(stat -c %a "$1")" "$(stat -c %u "$1")" "$(stat -c %g "$1")"
    else
        write_text "$1" "${2%.}" "$3" root root
    fi
}

# netplan merges files by id; only its generated files prove that it uses the MTU.
check_boot_files() {
    case $manager in
        netplan)
            scratch=$(mktemp -d)
            mkdir -p "$scratch/etc"
            cp -a /etc/netplan "$scratch/etc/"
            said=$(netplan generate --root-dir "$scratch" 2>&1) || :
            if ! grep -qsrx "MTUBytes=$mtu" "$scratch/run/systemd/network" && ! grep -qsrx "mtu=$mtu" "$scratch/run/NetworkManager"; then
                rm -rf "$scratch"
                fail "netplan does not use the MTU of $link for the next boot: $said. The link is as it was. Check the files in /etc/netplan."
            fi
            rm -rf "$scratch"
            ;;
        networkmanager)
            attempt "The link is as it was." nmcli connection load "$(value_of 1 path)"
            ;;
    esac
}

revert_set() {
    if [ -e "/sys/class/net/$link" ]; then ip link set dev "$link" mtu "$(cat "$pending/mtu")"; fi
    put_files_back
}

# Puts back the files that the confirming step has changed so far.
put_files_back() {
    for number in $file_numbers; do
        if [ -e "$pending/file$number" ] || [ -e "$pending/file$number.absent" ]; then
            put_back "$(value_of "$number" path)" "$pending/file$number"
            remove_empty "$(dirname "$(value_of "$number" path)")"
            case $(value_of "$number" path) in
                /etc/NetworkManager/*) nmcli connection load "$(value_of "$number" path)" >/dev/null || : ;;
            esac
        fi
    done
}

# Drop-in directories are removed unless somebody else uses them.
remove_empty() {
    case $1 in *.network.d) rmdir "$1" 2>/dev/null || : ;; esac
}

prepare_remove() {
    owned_or_done
    unchanged_files
    if [ -e "/sys/class/net/$link" ]; then live_mtu >"$pending/mtu"; fi
}

apply_remove() {
    if [ -e "/sys/class/net/$link" ]; then attempt "The link is as it was." ip link set dev "$link" mtu "$found_mtu"; fi
}

verify_remove() {
    if [ -e "/sys/class/net/$link" ] && [ "$(live_mtu)" != "$found_mtu" ]; then
        fail "the MTU of $link is $(live_mtu) again, not $found_mtu: the host was restarted in between, or a program on it sets the MTU. Everything is as it was. Run up again."
    fi
}

confirm_remove() {
    unchanged_files
    for number in $file_numbers; do
        path=$(value_of "$number" path)
        keep "$path" "$pending/file$number"
        case $(value_of "$number" undo) in
            put_back) put_back "$path" "$record/$(value_of "$number" copy)" ;;
            edit) write_boot_file "$path" "$(value_of "$number" text; echo .)" 0644 ;;
        esac
        remove_empty "$(dirname "$path")"
        case $path in /etc/NetworkManager/*) nmcli connection load "$path" >/dev/null ;; esac
    done
    forget
}

revert_remove() {
    if [ -e "$pending/mtu" ]; then ip link set dev "$link" mtu "$(cat "$pending/mtu")"; fi
    put_files_back
}

forget_found() {
    same_machine
    clear_pending
    owned_or_done
    forget
}
