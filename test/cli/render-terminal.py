"""Runs a command in a terminal of ROWS by COLUMNS and says what its screen shows: render-terminal.py ROWS COLUMNS RESIZE_AT RESIZE_TO COMMAND...

Once a screen matches the pattern RESIZE_AT (empty: never) the terminal becomes RESIZE_TO columns wide. Prints one JSON object a line: every
screen that differs from the one before, as {"columns": 80, "cursor": [row, column], "scrolled": lines that left at the top, "lines": [...]},
and at the end {"code": the command's exit code}. The emulation is pyte's; a narrower terminal breaks long lines anew, as most terminals do.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios

import pyte

rows, columns, resize_at, resize_to, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5:]


def set_size(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


reader, writer = os.pipe()
pid, terminal = pty.fork()
if pid == 0:
    os.read(reader, 1)
    os.execvp(command[0], command)
set_size(terminal, columns)
os.write(writer, b"x")

screen = pyte.HistoryScreen(columns, rows, history=10_000)
stream = pyte.ByteStream(screen)
shown = None


def show():
    global shown
    now = {
        "columns": screen.columns,
        "cursor": [screen.cursor.y, screen.cursor.x],
        "scrolled": len(screen.history.top),
        "lines": [line.rstrip() for line in screen.display],
    }
    if now != shown:
        shown = now
        print(json.dumps(now), flush=True)


def resize(columns):
    """Lines above the cursor are broken at the new width; whoever draws on learns of it as of any terminal."""
    lines = [line.rstrip() for line in screen.display[: screen.cursor.y]]
    broken = [line[at : at + columns] for line in lines for at in range(0, max(1, len(line)), columns)]
    screen.resize(rows, columns)
    screen.reset()
    stream.feed("".join(f"{line}\r\n" for line in broken).encode())
    set_size(terminal, columns)
    os.kill(pid, signal.SIGWINCH)


def read():
    """What the command wrote next; empty at its end."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


while True:
    chunk = more = read()
    # What belongs together is written at once, but may arrive in parts.
    while more and select.select([terminal], [], [], 0.02)[0]:
        more = read()
        chunk += more
    if not chunk:
        break
    stream.feed(chunk)
    show()
    if resize_at and re.search(resize_at, "\n".join(screen.display)):
        resize_at = ""
        resize(resize_to)
show()
_, status = os.waitpid(pid, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)
