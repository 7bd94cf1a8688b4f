"""Runs ``python -m package`` as a process of its own that finds TensorFlow imported already.

Importing takes as long as much of what these commands do. This process imports once; each request
forks it, so that a command has the modules and nothing else of the one before it. Requests come as
lines of JSON: package, arguments, environment, and files for output and messages. The answer to
each is the exit code.
"""

import json
import os
import runpy
import signal
import sys

from train.core.native import import_tensorflow

TIMEOUT_S = 300  # which a command does not survive


def become(
    package: str, arguments: list[str], environment: dict[str, str], output: str, messages: str
) -> None:
    """What an interpreter started anew would be for this command."""
    for descriptor, path in enumerate((os.devnull, output, messages)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)
    signal.alarm(TIMEOUT_S)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [package, *arguments]
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    import_tensorflow()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
            break
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
