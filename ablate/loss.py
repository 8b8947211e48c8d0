"""Training losses. Targets are class probabilities (B, classes): one-hot, or mixed by an augmentation.

With class weights, the term of each class is multiplied by its weight, and the sum divided by the number of images, not
by the sum of their weights, as in `torch.nn.CrossEntropyLoss` with class probabilities. Equal weights of 2 double the
loss. Balanced weights average 1 over the training images.
"""

import torch
from torch import Tensor, nn


def cross_entropy(label_smoothing: float, class_weights: Tensor | None = None) -> nn.Module:
    """Cross-entropy with label smoothing (Szegedy et al. 2016), which comes before the class weights, (classes,)."""
    return nn.CrossEntropyLoss(class_weights, label_smoothing=label_smoothing)


class Focal(nn.Module):
    """Focal loss: the cross-entropy term of each class times (1 - p)^gamma (Lin et al. 2017).

    Args:
        gamma: at least 0.
        class_weights: (classes,), or None for equal weights. With two classes, (1 - alpha, alpha) is the alpha-balanced
            loss of the paper.
    """

    def __init__(self, gamma: float, class_weights: Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.weights = 1.0 if class_weights is None else class_weights

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits and targets (B, classes) -> mean loss over the batch."""
        log_p = logits.log_softmax(-1)
        rest = (1 - log_p.exp()).clamp(min=torch.finfo(log_p.dtype).tiny)  # the gradient of 0^gamma is infinite
        return -(self.weights * targets * rest**self.gamma * log_p).sum(-1).mean()
