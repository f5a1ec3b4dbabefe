# A change that could cut the host off. The host takes it back unless a new connection confirms it in time. The program
# of the resource defines prepare_ACTION, apply_ACTION, verify_ACTION, confirm_ACTION and revert_ACTION. prepare_ACTION
# stores in $pending what revert_ACTION needs. revert_ACTION puts a sentence into $still_wrong about what it could not
# put back.
pending=$state/pending
revert_units=/etc/systemd/system/clearpath-revert
# After a revert: what could not be put back, in a sentence, for the next run that asks.
left_file=/run/clearpath.left

begin_change() {
    if [ -e "$pending/revert.sh" ]; then
        if may_yet_be_taken_back; then
            answer busy yes
            exit 0
        fi
        # systemd may be about to try it once more, and two reverts at once would disturb each other.
        systemctl stop clearpath-revert.service 2>/dev/null || :
        if ! sh "$pending/revert.sh" >/dev/null; then
            systemctl start --no-block clearpath-revert.service
            fail "an earlier change that nobody confirmed cannot be taken back. Nothing was changed. Find out why \`sh $pending/revert.sh\` fails."
        fi
    fi
    rm -f "$left_file"
    rm -rf "$pending"
    phase=preparing
    trap end_change EXIT
    (umask 077 && mkdir -p "$pending")
    put "$record" "$pending/record"
    if [ -e "$record/owner" ]; then cp "$record/owner" "$pending/owner"; fi
}

# Whether the timer waits, or its program runs. A timer that has run out stays active, and systemd starts a program that
# failed again every few seconds, until somebody corrects the cause: it is no use to wait for either of them.
may_yet_be_taken_back() {
    case $(systemctl show -p SubState --value clearpath-revert.timer) in waiting) return ;; esac
    case $(systemctl show -p SubState --value clearpath-revert.service) in start*) return ;; esac
    return 1
}

# When the step ends early, the host is put back as it was.
end_change() {
    code=$?
    trap - EXIT
    case $phase in
        preparing)
            rm -rf "$pending"
            drop_revert_units
            rmdir "$state" 2>/dev/null || :
            ;;
        armed) sh "$pending/revert.sh" >/dev/null ;;
        confirming) sh "$pending/confirmed.sh" >/dev/null ;;
    esac
    exit "$code"
}

arm() {
    put "$change_id" "$pending/id"
    # The revert needs all of it, also after a power cut.
    flush "$pending"
    note "$revert_program" "$pending/revert.sh"
    sync "$pending"
    write_text "$revert_units.service" "\
# Written by Clearpath, and removed by it: takes back a change that no new connection has confirmed.
[Unit]
Description=Take back an unconfirmed change of Clearpath
StartLimitIntervalSec=0

[Service]
Type=oneshot
UMask=0077
ExecStart=/bin/sh -c '$(timer_program)'
TimeoutStartSec=${revert_seconds}s
Restart=on-failure
RestartSec=5s
" 0644 root root
    phase=armed
    left="Nothing was changed. Check systemd on the host."
    start_timer "$window_seconds" enable
    attempt "$left" systemctl --quiet is-enabled clearpath-revert.timer
    case $(systemctl show -p LoadState --value clearpath-revert.service) in
        loaded) ;;
        *) fail "systemd does not load the service that would take the change back. $left" ;;
    esac
    case $(systemctl show -p SubState --value clearpath-revert.timer) in
        waiting) answer armed yes ;;
        *) fail "the timer that would take the change back does not run. $left" ;;
    esac
}

# start_timer SECONDS [enable]
start_timer() {
    write_text "$revert_units.timer" "\
# Written by Clearpath, and removed by it: takes back a change that no new connection has confirmed.
[Unit]
Description=Wait for a change of Clearpath to be confirmed

[Timer]
OnActiveSec=$1s
AccuracySec=100ms

[Install]
WantedBy=timers.target
" 0644 root root
    if [ $# = 2 ]; then attempt "$left" systemctl --quiet enable clearpath-revert.timer; fi
    attempt "$left" systemctl daemon-reload
    # A timer of an interrupted change may have run out already, and would never run again.
    attempt "$left" systemctl restart clearpath-revert.timer
}

# The program of the timer. It takes back only the change that it was armed for: while it waited for the lock, that change
# may have been confirmed and another one begun. Where there is nothing to take back, the units remained after a power
# cut, and it removes them. It waits for the lock only a short time, so that a step that hangs does not keep a host cut
# off. The program has no quotes, and nothing that systemd would read as a variable.
timer_program() {
    mine="grep -qsx $change_id $pending/id && [ -e $pending/revert.sh ]"
    take_back=". $pending/revert.sh"
    clear_away="rm -rf $pending; systemctl --quiet disable clearpath-revert.timer; rm -f $revert_units.service $revert_units.timer $(staging_of $revert_units.service) $(staging_of $revert_units.timer); systemctl daemon-reload; rmdir $state 2>/dev/null"
    printf '%s' "exec 9>>/run/clearpath.lock; if flock -w 5 9; then if $mine; then $take_back; elif [ ! -e $pending/revert.sh ]; then $clear_away; fi; elif $mine; then $take_back; fi; true"
}

disarm() {
    # From here on nothing is taken back, even if the rest is interrupted.
    rm -f "$pending/revert.sh" "$pending/confirmed.sh"
    rm -rf "$pending"
    drop_revert_units
    rmdir "$state" 2>/dev/null || :
}

# Removes what remained, after a power cut, of a change that was not armed yet or that was confirmed already.
clear_pending() {
    if [ -e "$pending/revert.sh" ]; then return; fi
    rm -rf "$pending"
    drop_revert_units
}

# Removes incomplete units too: after a power cut, no boot would remove them.
drop_revert_units() {
    rm -f "$(staging_of "$revert_units.service")" "$(staging_of "$revert_units.timer")"
    if [ ! -e "$revert_units.service" ] && [ ! -e "$revert_units.timer" ]; then return; fi
    systemctl --quiet disable --now clearpath-revert.timer || :
    rm -f "$revert_units.service" "$revert_units.timer"
    systemctl daemon-reload
}

# change ACTION: the first step of a change; the second runs over a new connection. Values: window_seconds, how long the
# host waits for the confirmation from arming on, and confirm_seconds, how long from the moment the change was applied.
change() {
    need systemctl systemd
    same_machine
    begin_change
    "prepare_$1"
    arm
    "apply_$1"
    : >"$pending/applied"
    left="The change was taken back. Check systemd on the host."
    if [ "$confirm_seconds" != "$window_seconds" ]; then start_timer "$confirm_seconds"; fi
    phase=applied
    answer applied yes
}

# confirm_change ACTION
confirm_change() {
    if [ ! -e "$pending/revert.sh" ] || [ "$(cat "$pending/id")" != "$change_id" ]; then
        answer reverted yes
        exit 0
    fi
    phase=armed
    trap end_change EXIT
    if [ ! -e "$pending/applied" ]; then
        fail "the host was restarted while the change was made. Everything is as it was. Run again."
    fi
    "verify_$1"
    # From here on the timer finds nothing to take back.
    mv "$pending/revert.sh" "$pending/confirmed.sh"
    phase=confirming
    "confirm_$1"
    phase=confirmed
    disarm
}

# revert_change ACTION: the timer runs it, or a step that fails.
revert_change() {
    still_wrong=
    "revert_$1"
    # Another revert finished before this one; what it put back must stay.
    if [ ! -e "$pending/revert.sh" ] && [ ! -e "$pending/confirmed.sh" ]; then return; fi
    if [ -n "$still_wrong" ]; then put "$still_wrong" "$left_file"; fi
    if [ ! -e "$pending/owner" ]; then forget; elif [ -d "$record" ]; then cp "$pending/owner" "$record/owner"; fi
    if [ -d "$state" ]; then flush "$state"; fi
    disarm
}

# For a step that reads: ends it, to be run again later, while the host may still take back what the step would read.
look_later() {
    if [ -e "$pending/revert.sh" ] && grep -qsxF "$record" "$pending/record" && may_yet_be_taken_back; then
        answer unsettled yes
        exit 0
    fi
}
