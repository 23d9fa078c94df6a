"""``python -m clumpscope.cli``."""

from clumpscope.cli import main

main()
