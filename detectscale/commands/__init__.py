"""
The commands, one module each: `demo.py` holds the function `demo`, whose docstring is its help.

A module here is imported only when its command is (see `detectscale.cli`), and imports what
the command needs only when it runs, so that `--help` and a worker's cold start pay for nothing else.
"""
