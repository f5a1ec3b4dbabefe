# A change that could cut the host off: it takes itself back unless a new connection confirms it in time. The program
# of the resource defines prepare_ACTION, apply_ACTION, verify_ACTION, confirm_ACTION and revert_ACTION. What
# revert_ACTION needs to know, prepare_ACTION leaves in $pending. What it could not put back, it says in $still_wrong.
pending=$state/pending
revert_units=/etc/systemd/system/clearpath-revert
# What a change that was taken back has left otherwise than it was, in a sentence, for whoever asks next.
left_file=/run/clearpath.left

begin_change() {
    if [ -e "$pending/revert.sh" ]; then
        if may_yet_be_taken_back; then
            answer busy yes
            exit 0
        fi
        # systemd may be about to try it once more: two of them at once would take each other's ground away.
        systemctl stop clearpath-revert.service 2>/dev/null || :
        if ! sh "$pending/revert.sh" >/dev/null; then
            systemctl start --no-block clearpath-revert.service
            fail "an earlier change that nobody confirmed cannot be taken back. Nothing was changed. See why \`sh $pending/revert.sh\` fails."
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

# Whether the timer waits, or its program runs. A timer that has run out stays active, and a program that has failed is
# tried again every few seconds, for as long as nobody mends what is wrong: neither is worth waiting for.
may_yet_be_taken_back() {
    case $(systemctl show -p SubState --value clearpath-revert.timer) in waiting) return ;; esac
    case $(systemctl show -p SubState --value clearpath-revert.service) in start*) return ;; esac
    return 1
}

# Whatever ends the step early leaves the host as it was.
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
    # What takes the change back needs it whole, also after a power cut.
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
        *) fail "systemd does not take the service that would take the change back. $left" ;;
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
    # One that an interrupted change has left may have run out already: it would never run again.
    attempt "$left" systemctl restart clearpath-revert.timer
}

# What the timer does. It takes back the change it was armed for and no other: it may have waited for the lock while that
# one was confirmed and another begun. Where there is nothing to take back, the units are what a power cut has left. A
# step that holds the lock for long, be it the one whose change hangs, does not keep a host cut off. Has no quotes, and
# nothing that systemd would read as a variable.
timer_program() {
    mine="grep -qsx $change_id $pending/id && [ -e $pending/revert.sh ]"
    take_back=". $pending/revert.sh"
    clear_away="rm -rf $pending; systemctl --quiet disable clearpath-revert.timer; rm -f $revert_units.service $revert_units.timer $(staging_of $revert_units.service) $(staging_of $revert_units.timer); systemctl daemon-reload; rmdir $state 2>/dev/null"
    printf '%s' "exec 9>>/run/clearpath.lock; if flock -w 5 9; then if $mine; then $take_back; elif [ ! -e $pending/revert.sh ]; then $clear_away; fi; elif $mine; then $take_back; fi; true"
}

disarm() {
    # From here on nothing is taken back, whatever interrupts the rest.
    rm -f "$pending/revert.sh" "$pending/confirmed.sh"
    rm -rf "$pending"
    drop_revert_units
    rmdir "$state" 2>/dev/null || :
}

# What a power cut has left of a change that was not armed yet, or was confirmed already.
clear_pending() {
    if [ -e "$pending/revert.sh" ]; then return; fi
    rm -rf "$pending"
    drop_revert_units
}

# Also where a power cut has left them in part, which no boot would clear away.
drop_revert_units() {
    rm -f "$(staging_of "$revert_units.service")" "$(staging_of "$revert_units.timer")"
    if [ ! -e "$revert_units.service" ] && [ ! -e "$revert_units.timer" ]; then return; fi
    systemctl --quiet disable --now clearpath-revert.timer || :
    rm -f "$revert_units.service" "$revert_units.timer"
    systemctl daemon-reload
}

# change ACTION: the first half; the second runs in a new connection. Values: window_seconds, which the host waits for the
# confirmation from arming on, and confirm_seconds, from when the change was applied, where that takes its time.
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

# revert_change ACTION: run by the timer, or by a step that fails.
revert_change() {
    still_wrong=
    "revert_$1"
    # Another one was faster, where this one took its time: what it has put back is not to be forgotten.
    if [ ! -e "$pending/revert.sh" ] && [ ! -e "$pending/confirmed.sh" ]; then return; fi
    if [ -n "$still_wrong" ]; then put "$still_wrong" "$left_file"; fi
    if [ ! -e "$pending/owner" ]; then forget; elif [ -d "$record" ]; then cp "$pending/owner" "$record/owner"; fi
    if [ -d "$state" ]; then flush "$state"; fi
    disarm
}

# For a step that looks: ends it, to be run again later, while what it would see of the record's thing may yet be taken back.
look_later() {
    if [ -e "$pending/revert.sh" ] && grep -qsxF "$record" "$pending/record" && may_yet_be_taken_back; then
        answer unsettled yes
        exit 0
    fi
}
