/** File on a host that names the packages which were added to it, one a line. */
const RECORD = "/var/lib/clearpath/prerequisites";

const PROLOGUE = `set -eu
export LC_ALL=C
as_root=; [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
installed() { dpkg-query -W -f='\${db:Status-Abbrev} \${Package}\\n' | awk '$1 == "ii" { print $2 }' | sort -u; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
installed > "$work/before"`;

/**
 * Shell program that installs those of the packages that a Debian host lacks, with what they depend on, and prints
 * the names of all that came. They are recorded on the host, also when apt fails half-way, so that `removeScript` takes
 * away these and no others. Running it again adds to the record what is new.
 */
export function installScript(packages: readonly string[], record = RECORD): string {
    const wrong = packages.find(name => !/^[a-z0-9][a-z0-9+.-]+$/.test(name));
    if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong)} is not the name of a Debian package`);
    return `${PROLOGUE}
printf '%s\\n' ${packages.join(" ")} | sort -u | comm -23 - "$work/before" > "$work/missing"
[ -s "$work/missing" ] || exit 0
command -v apt-get > /dev/null || {
    echo "this host has no apt-get. Nothing was installed. Install by hand:" $(cat "$work/missing") >&2
    exit 1
}
status=0
apt="apt-get -q -y -o DPkg::Lock::Timeout=120"
{ $as_root $apt update &&
    $as_root env DEBIAN_FRONTEND=noninteractive $apt --no-install-recommends install $(cat "$work/missing"); } >&2 || status=$?
installed | comm -13 "$work/before" - > "$work/added"
$as_root mkdir -p "$(dirname ${record})"
$as_root tee -a ${record} < "$work/added"
exit $status
`;
}

/**
 * Shell program that removes the recorded packages. One that other packages have come to need stays, since dpkg
 * refuses to take it, and so do configuration files, as with every \`apt remove\`.
 */
export function removeScript(record = RECORD): string {
    return `${PROLOGUE}
[ -f ${record} ] || exit 0
sort -u ${record} | comm -12 - "$work/before" > "$work/ours"
[ ! -s "$work/ours" ] || $as_root dpkg --remove $(cat "$work/ours") >&2 || true
installed | comm -12 "$work/ours" - | sed 's/$/ stays: other packages need it./'
$as_root rm -f ${record}
`;
}
