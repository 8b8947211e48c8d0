"""`ablate submit STUDY --id ID`: the archive of a course submission. In the order in which data flows:

`rules.py`      file names and limits, from `conf/submission/`
`gather.py`     selects the run, and collects and checks the files: those of the run (`run_files.py`), the source code
                (`source.py`), `report.py`, `notebook.py` and `readme.py`
`contents.py`   the files in memory
`archive.py`    packs and unpacks them
`isolated.py`   runs the submitted code in a new process
`build.py`      the command: all of these, and the verification before the archive is written
"""

from ablate.commands.submit.build import main

__all__ = ["main"]
