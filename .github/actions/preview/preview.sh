#!/usr/bin/env bash
# Previews, lints and comments. Exits with 1 at the end when the preview or the lint found something.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
cd "$DIRECTORY"

clearpath() { node "$root/cli/start.mjs" "$@"; }

# Runs a command that may find something (1); anything worse ends the job.
finds() {
    local code=0
    "$@" || code=$?
    if [ "$code" -gt 1 ]; then exit "$code"; fi
    if [ "$code" -eq 1 ]; then result=1; fi
}

result=0
comment=(comment --stack "$STACK")

# Programs and plugins that a pull request contains must not see the token.
finds env -u GITHUB_TOKEN node "$root/cli/start.mjs" preview --stack "$STACK" \
    --policy-pack "${POLICY_PACK:-$root/policy}" --json >"$found/preview.json" 2>"$found/preview.txt"
cat "$found/preview.txt"
comment+=(--preview "$found/preview.json" --diff "$found/preview.txt")

if [ -n "$LINT" ]; then
    read -ra paths <<<"$LINT"
    finds clearpath lint --json "${paths[@]}" >"$found/lint.json"
    clearpath lint --github "${paths[@]}" || true
    comment+=(--lint "$found/lint.json")
fi
if [ -n "$EVIDENCE" ] && [ -e "$EVIDENCE" ]; then
    comment+=(--evidence "$EVIDENCE")
    if [ -n "$BEFORE" ] && [ -e "$BEFORE" ]; then comment+=(--before "$BEFORE"); fi
fi

clearpath "${comment[@]}" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
if [ -n "$GITHUB_TOKEN" ]; then clearpath "${comment[@]}" --post; fi
exit "$result"
