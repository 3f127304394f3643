"""``python -m striate`` is ``striate``."""

from striate.cli import main

if __name__ == "__main__":
    main()
