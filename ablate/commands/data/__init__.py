"""`ablate data`: a look at what would be trained on. In the order in which data flows:

`composing.py`  the words of the command line -> the configuration, and every option of `augmentation`
`facts.py`      the data of that configuration -> the content of data.json (`ablate.data.summary` counts)
`pictures.py`   images of each class, and the same images under each augmentation
`tables.py`     tables, and thumbnails where the terminal has colors
`summarize.py`  all of it, and the files it writes
"""

from ablate.commands.data.summarize import main

__all__ = ["main"]
