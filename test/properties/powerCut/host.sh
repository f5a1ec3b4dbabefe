# host.sh STEPS EVERY OFFSET: a host made of namespaces, on which the power fails before every EVERYth command of each
# step. Its next boot, and the next run of the same step, have to put everything right. STEPS holds the steps' programs:
# create, update and remove, of up to two halves each, and again.* as another resource that takes over. Prints what was
# lost, and in the end how often the power failed.
set -u
steps=$1
every=$2
offset=$3
place=$(dirname "$0")
. "$place/place.sh"

# step NAME: both halves, one after the other; what the one that failed has said is in $said.
step() {
    for half in 1 2; do
        [ -e "$steps/$1.$half" ] || continue
        said=$(setsid -w sh "$steps/$1.$half" 2>&1) || return 1
    done
}

# Everything a stack may leave. Owners differ from one resource to the next.
traces() {
    nft list ruleset
    find /etc /var/lib | sort | while read -r path; do
        case $path in
            /var/lib/clearpath/*/owner) echo "$path" ;;
            *) echo "$path $(stat -c '%F %a' "$path") $([ ! -f "$path" ] || sha256sum <"$path")" ;;
        esac
    done
    ls /run/cut/enabled
}

boot() {
    rm -f /run/cut/active/* /run/cut/count
    nft flush ruleset
    for unit in $(ls /run/cut/enabled); do
        if [ ! -e /etc/systemd/system/$unit ]; then continue; fi
        : >/run/cut/active/$unit
        case $unit in clearpath-nft-*) sh -c "$(sed -n 's/^ExecStart=//p' /etc/systemd/system/$unit)" ;; esac
    done
}

# What the revert timer does when its time has come.
timer() {
    unit=/etc/systemd/system/clearpath-revert.service
    if [ ! -e /run/cut/active/clearpath-revert.timer ] || [ ! -e $unit ]; then return; fi
    program=$(sed -n "s/^ExecStart=.* -c '\(.*\)'$/\1/p" $unit)
    reverted=$(PATH=/usr/local/sbin:$PATH sh -c "$program" 2>&1) || echo "the timer failed: $reverted"
}

# lives_on WORK: the run that was under way goes on over a new connection. What it confirms has to be in force already.
lives_on() {
    if [ ! -e "$steps/$1.2" ]; then return; fi
    live=$(nft list ruleset)
    if said=$(setsid -w sh "$steps/$1.2" 2>/dev/null) && ! echo "$said" | grep -q '"reverted"'; then
        [ "$(nft list ruleset)" = "$live" ] || echo "$at: confirmed what was not in force"
    fi
}

found=$(traces)
step create || echo "create fails without a power cut: $said"
created=$(traces)
step update || echo "update fails without a power cut: $said"
updated=$(traces)
step remove || echo "remove fails without a power cut: $said"
[ "$(traces)" = "$found" ] || echo "remove leaves traces without a power cut"

cuts=0
# cut_each WORK BEFORE AGAIN WANTED
cut_each() {
    number=$offset
    while :; do
        number=$((number + every))
        case $2 in none) ;; *) step create && { [ "$2" = create ] || step update; } ;; esac
        echo $number >/run/cut/wanted
        echo 0 >/run/cut/count
        if step "$1"; then
            rm -f /run/cut/count
            step remove
            break
        fi
        cuts=$((cuts + 1))
        at="$1, before command $number, $(cat /run/cut/at)"
        boot
        lives_on "$1"
        # The next run waits for a change that may yet be taken back.
        timer
        step "$3" || echo "$at: the next run fails: $said"
        [ "$(traces)" = "$4" ] || echo "$at: the next run leaves something else"
        step remove || echo "$at: remove fails: $said"
        step again.remove || echo "$at: remove fails: $said"
        [ "$(traces)" = "$found" ] || echo "$at: remove leaves traces"
    done
}
cut_each create none again.create "$created"
# The creation is given up, instead of repeated.
cut_each create none remove "$found"
cut_each update create update "$updated"
cut_each remove update remove "$found"
echo "$cuts power cuts"
