"""The devices of a run (`trainer.devices`): one, or several with a process for each.

`interface.py`       what the training loop needs to know of them, and a run on one device
`distributed.py`     several: each process trains on a part of each batch; gradients are averaged
`sync_batchnorm.py`  batch normalization over all processes
`processes.py`       starts the other processes, or connects to those that torchrun has started
`worker_group.py`    the other processes as seen from the first one: starts, watches and ends them
`worker.py`          the program of another process
`torchrun.py`        the environment variables and the command line of a run that torchrun starts
"""
