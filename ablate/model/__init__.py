"""Classifiers: float images (N, channels, S, S) -> logits (N, classes).

In reading order: `mlp` and `cnn` (the baselines of the assignment), `alexnet`, `vgg`, `resnet`, `wide_resnet`, `vit`,
`speednet`; and `external`, the models of torchvision and timm. `layers` contains what several of them share. All take
`classes`, `channels`, `image_size` (pixels), `normalization` and `activation`; conf/model lists their other arguments.

Layers keep PyTorch's default initialization unless a model states otherwise. Every layer that owns parameters has
`reset_parameters()`, so that it can be initialized again.
"""
