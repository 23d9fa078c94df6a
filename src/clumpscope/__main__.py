"""``python -m clumpscope``."""

from clumpscope.cli import main

main()
