"""`ablate reproduce RUN`: retrain a run (`retrain.py`) and compare the results bit for bit (`comparison.py`)."""

from ablate.commands.reproduce.retrain import main

__all__ = ["main"]
