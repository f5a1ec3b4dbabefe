# One nftables table. Values: family, table, content, adopt.
nft_name="$family-$table"
boot_file=/etc/clearpath/nftables/$nft_name.nft
boot_unit=clearpath-nft-$nft_name.service
boot_unit_file=/etc/systemd/system/$boot_unit

# Elements that the kernel adds to dynamic sets are not part of the table's text.
listing() {
    listed=$(nft -s list table "$family" "$table" 2>/dev/null) || return 1
    case $listed in
        *dynamic* | *timeout*) nft -s -t list table "$family" "$table" ;;
        *) printf '%s\n' "$listed" ;;
    esac
}

digest() {
    listing | sha256sum | cut -d' ' -f1
}

# A table is replaced in one transaction: packets see the old or the new one.
replace_with() {
    printf 'table %s %s\ndelete table %s %s\n' "$family" "$table" "$family" "$table"
    cat
}

at_boot() {
    [ -e "$boot_file" ] && [ -e "$boot_unit_file" ] && systemctl --quiet is-enabled "$boot_unit"
}

read_table() {
    need nft nftables
    same_machine
    look_later
    if listed=$(listing); then
        answer listing "$listed"
        answer digest "$(digest)"
    fi
    if at_boot; then answer atBoot yes; fi
    if owned; then answer owned yes; fi
}

prepare_set() {
    need nft nftables
    if nft list table "$family" "$table" >"$pending/live" 2>/dev/null; then
        if [ ! -e "$record/owner" ] && [ "$adopt" != true ]; then
            fail "table $family $table is there and is not Clearpath's. Nothing was changed. Choose another name, or set adopt: true."
        fi
        replace_with <"$pending/live" >"$pending/old.nft"
    else
        rm -f "$pending/live"
        printf 'table %s %s\ndelete table %s %s\n' "$family" "$table" "$family" "$table" >"$pending/old.nft"
    fi
    said=$(nft -c -f "$pending/old.nft" 2>&1) ||
        fail "table $family $table is there, and nft could not restore it: $said. Nothing was changed. Correct that table, or choose another name."
    printf 'table %s %s {\n%s\n}\n' "$family" "$table" "$content" | replace_with >"$pending/new.nft"
    said=$(nft -c -f "$pending/new.nft" 2>&1) ||
        fail "nft refused the table $family $table: $said. Nothing was changed. Correct content."
}

apply_set() {
    attempt "The table is as it was. Correct content." nft -f "$pending/new.nft"
    digest >"$pending/in_force"
}

verify_set() {
    listing >/dev/null || fail "table $family $table disappeared right after Clearpath set it. Everything else is as it was. A program on the host flushes the ruleset: find it and stop it."
    verify_in_force
    answer digest "$(digest)"
}

# The new connection must prove the table that was applied: after a boot in between, the former table is there.
verify_in_force() {
    if [ "$(digest)" != "$(cat "$pending/in_force" 2>/dev/null)" ]; then
        fail "table $family $table differs from what Clearpath applied: the host was restarted in between, or a program on it changes the table. Everything is as it was. Run up again."
    fi
}

confirm_set() {
    claim
    keep "$pending/live" "$record/original"
    keep "$boot_file" "$pending/boot"
    mkdir -p "$(dirname "$boot_file")"
    write_text "$boot_file" "# Written by Clearpath, which overwrites and removes it.
$(cat "$pending/new.nft")
" 0644 root root
    write_text "$boot_unit_file" "# Written by Clearpath, which overwrites and removes it.
[Unit]
Description=nftables table $family $table of Clearpath
DefaultDependencies=no
RequiresMountsFor=$boot_file
After=nftables.service
PartOf=nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$(command -v nft) -f $boot_file

[Install]
WantedBy=sysinit.target
" 0644 root root
    left="The table was taken back. Check systemd on the host."
    attempt "$left" systemctl --quiet enable "$boot_unit"
    # A running unit is restarted together with nftables.service, which flushes the ruleset.
    attempt "$left" systemctl restart "$boot_unit"
}

revert_set() {
    nft -f "$pending/old.nft"
    if [ -e "$pending/boot" ]; then put_back "$boot_file" "$pending/boot"; fi
    if [ -e "$pending/boot.absent" ]; then remove_boot; fi
}

remove_boot() {
    if [ -e "$boot_unit_file" ]; then
        systemctl --quiet disable --now "$boot_unit" || :
    fi
    erase "$boot_unit_file"
    erase "$boot_file"
    rmdir "$(dirname "$boot_file")" "$(dirname "$(dirname "$boot_file")")" 2>/dev/null || :
}

prepare_remove() {
    need nft nftables
    owned_or_done
    if nft list table "$family" "$table" >"$pending/live" 2>/dev/null; then
        replace_with <"$pending/live" >"$pending/old.nft"
    else
        : >"$pending/old.nft"
    fi
    if [ ! -e "$record/original" ] && [ ! -e "$record/original.absent" ]; then
        # A boot during the first confirmation has removed the table before the former one was kept.
        cp "$pending/old.nft" "$pending/new.nft"
        return
    fi
    {
        printf 'table %s %s\ndelete table %s %s\n' "$family" "$table" "$family" "$table"
        if [ -e "$record/original" ]; then cat "$record/original"; fi
    } >"$pending/new.nft"
}

apply_remove() {
    attempt "The table is as it was." nft -f "$pending/new.nft"
    digest >"$pending/in_force"
}

verify_remove() {
    verify_in_force
}

confirm_remove() {
    keep "$boot_file" "$pending/boot"
    keep "$boot_unit_file" "$pending/unit"
    remove_boot
    forget
}

revert_remove() {
    nft -f "$pending/old.nft"
    if [ -e "$pending/unit" ]; then
        mkdir -p "$(dirname "$boot_file")"
        put_back "$boot_file" "$pending/boot"
        put_back "$boot_unit_file" "$pending/unit"
        systemctl --quiet enable "$boot_unit"
        systemctl restart "$boot_unit"
    fi
}
