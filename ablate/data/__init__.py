"""Labelled images, from a source to the tensors a run trains on. In the order in which data flows:

`download.py`      data sets that torchvision fetches: cifar10, cifar100, svhn, mnist, fashion_mnist, stl10
`digits.py`        scikit-learn's digits, which need no download
`image_folder.py`  your own image files, one folder a class
`walk.py`, `decode.py`, `parallel.py`, `cache.py`  find such files, read them, in processes, and keep what was read
`images.py`        what every source returns: uint8 pixels, labels and class names
`split.py`         which training images are for training and which for validation
`prepare.py`       from the `data` group of a configuration to all of this; the only way to the test images
`summary.py`       what there is of it: counts, sizes, colours, copies
`batches.py`       those images on the run's device, in batches

Nothing is imported here: the processes that decode images come through, and need no torch.
"""
