"""`python -m analysis STUDY` is `ablate report STUDY`."""

import sys

from ablate.errors import guarded
from analysis.report import main

if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
