"""Imported first by the command: until it listens itself, Ctrl-C ends it as the system does, without a traceback.

Any other program that imports the command keeps its own way.
"""

import signal
import sys
from pathlib import PurePath

# `helsemonitor` as it is installed, or `python -m orchestration.cli`.
if PurePath(sys.argv[0]).stem in ("helsemonitor", "cli") and (
    signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
