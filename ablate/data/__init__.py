"""Labeled images, from their source to the tensors a run trains on. The modules, in the order in which data flows:

`download.py`      data sets downloaded by torchvision: cifar10, cifar100, svhn, mnist, fashion_mnist, stl10
`medmnist.py`      the data sets of MedMNIST
`digits.py`        scikit-learn's digits, which need no download
`image_folder.py`  your own image files, one folder per class
`table.py`, `table_columns.py`, `class_order.py`  your own image files, listed in a table with their labels
`huggingface.py`, `unpacked_files.py`  data sets of Hugging Face
`labeled_files.py`  image files and their labels, from any source, to images
`walk.py`, `decode.py`, `parallel.py`, `cache.py`  find the files, decode them in parallel, cache the result
`images.py`        what every source returns: uint8 pixels, labels and class names
`split.py`         the split into training and validation images
`prepare.py`       from the `data` group of a configuration to all of this; the only access to the test images
`test_sets/`        test sets other than a run's own; `corruptions.py`: noise, blur, contrast, JPEG
`duplicates.py`, `near_duplicates.py`  images that occur twice
`summary.py`       statistics of a data set: counts, sizes, colors
`batches.py`       images on the run's device, in batches

Nothing is imported here, since the processes that decode images import this package and need no torch.
"""
