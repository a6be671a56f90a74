"""`python -m wattbench`: the command line, where the `wattbench` script is not on the path."""

from wattbench.cli import main

if __name__ == "__main__":
    main()
