"""
Pulls an image as the agent does without a runtime, with hosts.toml files of one's own.

Prints what failed as JSON, null when the image came.
usage: python3 own_pull_test.py AGENT_PARENT CERTS_DIRECTORY IMAGE
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from agent.ownpull import OwnPull  # noqa: E402
from agent.tls import contexts  # noqa: E402

print(json.dumps(OwnPull(sys.argv[3], contexts()["large"], sys.argv[2], lambda: 20, 5).run()))
