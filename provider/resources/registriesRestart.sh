# Restarting K3s, and telling whether the node is back. Values: ready_seconds.

# Restarts the unit and waits until the node is back. On failure why_not says what is missing.
restart_k3s() {
    former_pid=$(systemctl show -p MainPID --value "$unit")
    systemctl reset-failed "$unit" 2>/dev/null
    if ! said=$(systemctl restart --no-block "$unit" 2>&1); then
        why_not="systemctl restart failed: $said"
        return 1
    fi
    has_containerd=yes
    if [ "$(k3s_option disable-agent false)" = true ]; then has_containerd=no; fi
    has_api=no
    if [ "$unit" = k3s.service ] && [ "$(k3s_option disable-apiserver false)" = false ]; then has_api=yes; fi
    read -r started _ </proc/uptime
    pid=
    steady=0
    while :; do
        if is_back; then steady=$((steady + 1)); else steady=0; fi
        # systemd calls an agent started as soon as it is executed, and starts one that cannot run again and again.
        if [ $steady -ge 3 ]; then return 0; fi
        read -r now _ </proc/uptime
        if [ $((${now%.*} - ${started%.*})) -ge "$ready_seconds" ]; then return 1; fi
        sleep 1
    done
}

# Whether K3s is back: a new process runs, containerd answers, and on servers the API does too. When the process has
# changed since the last check, counting starts again.
is_back() {
    state_now=$(systemctl show -p ActiveState --value "$unit")
    if [ "$state_now" != active ]; then
        why_not="its state is $state_now; its last log lines are: $(journalctl -q -o cat -n 3 "_SYSTEMD_UNIT=$unit" 2>/dev/null | cut -c1-300 | tr '\n' ' ')"
        return 1
    fi
    seen_pid=$pid
    pid=$(systemctl show -p MainPID --value "$unit")
    if [ "$pid" != "$seen_pid" ]; then steady=0; fi
    if [ "$pid" = "$former_pid" ]; then
        why_not="it has not been stopped yet"
        return 1
    fi
    if [ $has_containerd = yes ] && ! said=$(timeout 5 k3s crictl version 2>&1); then
        why_not="containerd does not answer: $(printf '%s' "$said" | tail -1 | cut -c1-200)"
        return 1
    fi
    if [ $has_api = yes ] && ! said=$(timeout 5 k3s kubectl get --raw /readyz 2>&1); then
        why_not="the API is not ready: $(printf '%s' "$said" | tail -1 | cut -c1-200)"
        return 1
    fi
}
