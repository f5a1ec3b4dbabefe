"""
Prints, as JSON, the reasons that a containerd's log gives for an image's failed pull.

usage: python3 runtime_log_test.py AGENT_PARENT IMAGE < LOG
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from agent.runtimelog import reasons_in  # noqa: E402

print(json.dumps(reasons_in(sys.stdin.read(), sys.argv[2])))
