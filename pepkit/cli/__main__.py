"""``python -m pepkit.cli``."""

from pepkit.cli import main

if __name__ == "__main__":
    main()
