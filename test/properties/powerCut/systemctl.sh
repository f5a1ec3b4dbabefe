#!/bin/sh
# As much of systemctl as steps need, where no systemd runs: units are files, and what is enabled or active is a list.
if [ -e /run/cut/refused ] && printf '%s' "$*" | grep -qf /run/cut/refused; then
    echo "systemctl refuses $*" >&2
    exit 1
fi
enabled=/run/cut/enabled
active=/run/cut/active
for unit; do :; done
file=/etc/systemd/system/$unit
case " $* " in
    *" -p SubState "*) if [ -e "$active/$unit" ]; then echo waiting; else echo dead; fi ;;
    *" -p LoadState "*) if [ -e "$file" ]; then echo loaded; else echo not-found; fi ;;
    *" -p FragmentPath "*) if [ -e "$file" ]; then echo "$file"; fi ;;
    *" -p ActiveState "*) if [ -e "$active/$unit" ]; then echo active; else echo inactive; fi ;;
    *" -p MainPID "*) cat "/run/cut/pid.$unit" ;;
    *" show "*) echo ;;
    *" is-active "*) [ -e $active/clearpath-revert.timer ] ;;
    *" is-enabled "*) [ -e "$file" ] && [ -e "$enabled/$unit" ] ;;
    *" enable "*) [ -e "$file" ] && : >"$enabled/$unit" ;;
    *" disable "*)
        rm -f "$enabled/$unit"
        case $* in *--now*) rm -f "$active/$unit" ;; esac
        ;;
    *" restart "*)
        [ -e "$file" ] && : >"$active/$unit"
        case $unit in
            clearpath-nft-*) sh -c "$(sed -n 's/^ExecStart=//p' "$file")" ;;
            k3s.service) echo $(($(cat "/run/cut/pid.$unit") + 1)) >"/run/cut/pid.$unit" ;;
        esac
        ;;
    *" stop "*) [ -e "$file" ] && rm -f "$active/$unit" ;;
esac
