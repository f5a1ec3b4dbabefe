"""Runs a command on a terminal of its own, presses Ctrl-C once it shows a text, and prints all that it showed.

usage: python3 onTerminal.py TEXT COMMAND…    (ends with the command's exit code)
"""

import fcntl
import os
import pty
import struct
import sys
import termios

until, argv = sys.argv[1].encode(), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 160, 0, 0))
shown = b""
pressed = False
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # The command has let go of its terminal.
        break
    if not piece:
        break
    shown += piece
    if not pressed and until in shown:
        os.write(terminal, b"\x03")
        pressed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
