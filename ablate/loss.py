"""Training losses. Targets are class probabilities (B, classes): one-hot, or mixed by an augmentation.

With class weights, the term of each class is multiplied by its weight, and the sum divided by the number of images, not
by the sum of their weights, as in `torch.nn.CrossEntropyLoss` with class probabilities. Equal weights of 2 double the
loss. Balanced weights average 1 over the training images.
"""

import torch
import torch.nn.functional as F
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


class Distillation(nn.Module):
    """Cross-entropy, and divergence from the probabilities of a teacher at a temperature (Hinton et al. 2015).

    Args:
        teacher: folder of a finished run; the training loop passes its logits to the loss.
        temperature: divides the logits of both networks in the second term.
        alpha: weight of the second term, of the first 1 - alpha.
    """

    def __init__(self, teacher: str, temperature: float, alpha: float) -> None:
        super().__init__()
        self.teacher, self.temperature, self.alpha = teacher, temperature, alpha

    def forward(self, logits: Tensor, targets: Tensor, taught: Tensor) -> Tensor:
        """Logits, targets and logits of the teacher (B, classes) -> mean loss over the batch."""
        log_p, log_q = (F.log_softmax(each / self.temperature, -1) for each in (logits, taught))
        divergence = F.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
        # The factor temperature^2 keeps the gradient of the second term independent of the temperature.
        return (1 - self.alpha) * F.cross_entropy(logits, targets) + self.alpha * self.temperature**2 * divergence
