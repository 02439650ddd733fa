"""`python -m cascadeproxy.with_parent MODULE [ARGS]`: run it while the parent lives.

The parent holds the other end of our standard input and writes nothing. However it
ends, kill -9 included, the kernel closes that end, and we ask ourselves to stop.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def stop_at_end_of_input(descriptor: int = 0) -> None:
    """Send ourselves SIGTERM when `descriptor` is at its end; waits for that."""
    while os.read(descriptor, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the module named by the first argument as a program."""
    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
