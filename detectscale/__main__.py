"""`python -m detectscale` is the command `detectscale`."""

from detectscale.cli import main

main()
