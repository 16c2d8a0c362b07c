"""``python -m pepkit``: the command line."""

from pepkit.cli import main

main()
