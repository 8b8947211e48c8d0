"""Classifiers of (N, channels, S, S) images of float, giving (N, classes) logits.

In the order to read them: `mlp` and `cnn` (the assignment's baselines), `alexnet`, `vgg`, `resnet`, `wide_resnet`,
`vit`; and `external`, the models of torchvision and timm. All take `classes`, `channels`, `image_size` (pixels),
`normalization` and `activation`; what else they take is in conf/model. `layers` holds what several share.

Layers start as PyTorch starts them, save where a model says otherwise. Each that owns parameters has
`reset_parameters()`, so that it can be initialised again by itself.
"""
