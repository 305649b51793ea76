"""Runs a command in a pseudo-terminal: run-in-terminal.py COLUMNS PATTERN ANSWER COMMAND...

Types ANSWER and a line break once PATTERN was printed (an empty PATTERN: never), copies all output, and ends with the command's exit code.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

columns, pattern, answer, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
output = b""
answered = pattern == ""
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    output += chunk
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    if not answered and re.search(pattern.encode(), output):
        answered = True
        os.write(terminal, answer.encode() + b"\n")
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
