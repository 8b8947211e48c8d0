"""`ablate data`: summarize a data set. In the order in which data flows:

`configuration.py`  overrides -> configuration, and every option of `augmentation`
`facts.py`          configuration -> images, and the statistics in data.json (computed in `ablate.data.summary`)
`pictures.py`       sample images of each class, and the same images under each augmentation
`tables.py`         the tables in the terminal
`summarize.py`      the command: all of these, and the files it writes
"""

from ablate.commands.data.summarize import main

__all__ = ["main"]
