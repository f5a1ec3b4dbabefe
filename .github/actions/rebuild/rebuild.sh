#!/usr/bin/env bash
# Rebuilds, and outputs the directory of evidence, also when the rebuild failed.
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$DIRECTORY"

arguments=(--stack "$STACK" --plan "$PLAN" --policy-pack "${POLICY_PACK:-$root/policy}" --yes)
if [ "$RESUME" = true ]; then arguments+=(--resume); fi

# In the background, so that this script can pass on the signal of a cancelled job: the rebuild then ends its stage and can be resumed.
node "$root/cli/start.mjs" rebuild "${arguments[@]}" &
rebuild=$!
trap 'kill -TERM "$rebuild"' INT TERM
code=0
wait "$rebuild" || code=$?
# A signal ends the first wait while the rebuild still runs.
while kill -0 "$rebuild" 2>/dev/null; do
    code=0
    wait "$rebuild" || code=$?
done

runs=$PWD/.clearpath/rebuild/$STACK
last=$(find "$runs" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort | tail -n 1)
if [ -n "$last" ]; then
    echo "kept=$last" >>"${GITHUB_OUTPUT:-/dev/null}"
    if [ -e "$last/report.md" ]; then cat "$last/report.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"; fi
fi
exit "$code"
