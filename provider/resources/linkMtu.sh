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
    answer container "$(cat /run/systemd/container 2>/dev/null || :)"
    if [ -e "$netif" ]; then
        network_file=$(sed -n 's/^NETWORK_FILE=//p' "$netif")
        answer networkFile "$network_file"
        if [ -n "$network_file" ]; then answer sharedWith "$(links_of_network_file)"; fi
    fi
    if command -v nmcli >/dev/null 2>&1; then
        uuid=$(nmcli -g GENERAL.CON-UUID device show "$link" 2>/dev/null || :)
        if [ -n "$uuid" ]; then
            profile=$(nmcli -t -f UUID,FILENAME connection show | sed -n "s/^$uuid://p")
            answer profile "$profile"
            answer sharedWith "$(nmcli -t -f UUID,DEVICE connection show --active | sed -n "s/^$uuid://p" | grep -vxF "$link" | tr '\n' ' ')"
        fi
    fi
    if [ -d /usr/share/ifupdown2 ]; then answer ifupdown ifupdown2; elif command -v ifup >/dev/null 2>&1; then answer ifupdown ifupdown; fi
    config_files | while read -r path; do
        count=$((${count:-0} + 1))
        answer "config_${count}_path" "$path"
        answer "config_${count}_text" "$(cat "$path"; echo .)"
    done
}

# Names of the other links that systemd-networkd configures by the same .network file.
links_of_network_file() {
    for state in /run/systemd/netif/links/*; do
        if [ "$state" = "$netif" ] || ! grep -qsxF "NETWORK_FILE=$network_file" "$state"; then continue; fi
        for other in /sys/class/net/*; do
            if [ "$(cat "$other/ifindex" 2>/dev/null || :)" = "${state##*/}" ]; then printf '%s ' "${other##*/}"; fi
        done
    done
}

# Files that may set the link's MTU at boot.
config_files() {
    interfaces_files /etc/network/interfaces 0
    for path in /etc/network/if-up.d/* /etc/network/if-pre-up.d/* /etc/dhcp/dhclient-*-hooks.d/*; do
        if [ -f "$path" ] && grep -qi mtu "$path"; then echo "$path"; fi
    done
    if [ -n "${network_file:-}" ]; then
        for directory in /etc/systemd /run/systemd /usr/local/lib/systemd /usr/lib/systemd; do
            for path in "$directory/network/${network_file##*/}.d"/*.conf; do
                if [ -f "$path" ]; then echo "$path"; fi
            done
        done
    fi
    for path in /etc/dhcp/dhclient.conf /etc/netplan/90-clearpath-*.yaml "${profile:-}"; do
        if [ -e "$path" ]; then echo "$path"; fi
    done
}

# interfaces_files FILE DEPTH: the file and the files that it names by source, in order, eight deep at most.
# ifupdown takes only names of letters, digits, - and _ from a source-directory (interfaces(5)).
interfaces_files() (
    if [ ! -f "$1" ] || [ "$2" -gt 8 ]; then return 0; fi
    depth=$(($2 + 1))
    echo "$1"
    sed -n 's/^[[:space:]]*\(source\(-directory\)\{0,1\}\)[[:space:]]\{1,\}/\1 /p' "$1" | while read -r word pattern; do
        case $pattern in /*) ;; *) pattern=/etc/network/$pattern ;; esac
        if [ "$word" = source-directory ]; then pattern="$pattern/*"; fi
        for path in $pattern; do
            case $word:${path##*/} in
                source-directory:*[!A-Za-z0-9_-]*) if [ ! -d /usr/share/ifupdown2 ]; then continue; fi ;;
            esac
            interfaces_files "$path" "$depth"
        done
    done
)

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

# What the next boot does with the files, as the tools of the link's manager tell it.
check_boot_files() {
    case $manager in
        netplan) check_netplan ;;
        ifupdown) check_ifupdown ;;
        ifupdown2) check_ifupdown2 ;;
        networkmanager) attempt "The link is as it was." nmcli connection load "$(value_of 1 path)" ;;
    esac
}

# netplan merges files by id; only what it generates for this id proves that it uses the MTU.
check_netplan() {
    scratch=$(mktemp -d)
    mkdir -p "$scratch/etc"
    cp -a /etc/netplan "$scratch/etc/"
    said=$(netplan generate --root-dir "$scratch" 2>&1) || :
    if grep -qsx "MTUBytes=$mtu" "$scratch/run/systemd/network/10-netplan-$netplan_id.network" ||
        grep -qsx "mtu=$mtu" "$scratch/run/NetworkManager/system-connections/netplan-$netplan_id.nmconnection"; then
        rm -rf "$scratch"
        return
    fi
    rm -rf "$scratch"
    fail "netplan does not use the MTU of $link for the next boot: ${said:-it generates another value}.$(later_netplan_files) The link is as it was. Check the files in /etc/netplan."
}

# The netplan files that are read after ours and set an MTU, as sentences.
later_netplan_files() {
    ours=90-clearpath-$link.yaml
    for path in /lib/netplan/*.yaml /etc/netplan/*.yaml /run/netplan/*.yaml; do
        if [ ! -f "$path" ] || ! grep -q 'mtu:' "$path"; then continue; fi
        if [ "$(printf '%s\n' "${path##*/}" "$ours" | LC_ALL=C sort | tail -n 1)" != "$ours" ]; then
            printf ' %s is read later and sets an MTU.' "$path"
        fi
    done
}

# ifup tells the commands that it would run. The last one that sets the link's MTU counts; an inet6 stanza only raises it.
# A line that begins with a number is the second value of an option that was given twice.
check_ifupdown() {
    if ! command -v ifup >/dev/null 2>&1; then return; fi
    said=$(ifup --no-act --verbose --force "$link" 2>&1) || :
    boot_mtu=$(printf '%s\n' "$said" | awk -v link="$link" '
        /^[0-9]+([ \t]|$)/ { broken = 1 }
        /-lt [0-9]+ \]; then ip link set dev/ {
            for (i = 1; i < NF; i++) if ($i == "-lt" && value + 0 < $(i + 1) + 0) value = $(i + 1) + 0
            next
        }
        /ip .*link .*mtu / && (index($0, " " link) || index($0, "IFACE")) {
            for (i = 1; i < NF; i++) if ($i == "mtu") value = $(i + 1)
        }
        END { print broken ? "that no command can set" : value }')
    if [ "$boot_mtu" != "$mtu" ]; then
        fail "at the next boot ifup would give $link the MTU ${boot_mtu:-of its driver}. The link is as it was. Check the stanzas of $link in /etc/network/interfaces; ifup --no-act --verbose --force $link shows the commands."
    fi
}

# ifupdown2 shows the options as it reads them.
check_ifupdown2() {
    if ! command -v ifquery >/dev/null 2>&1 || ! said=$(ifquery "$link" 2>&1); then return; fi
    if printf '%s\n' "$said" | sed -n 's/^[[:space:]]*mtu[[:space:]]\{1,\}//p' | grep -qvxF "$mtu"; then
        fail "at the next boot ifupdown2 would give $link another MTU. The link is as it was. Check the stanzas of $link in /etc/network/interfaces; ifquery $link shows how they are read."
    fi
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
