"""Training losses. Targets are class probabilities (B, classes): one-hot, or mixed by an augmentation."""

from torch import Tensor, nn


def cross_entropy(label_smoothing: float) -> nn.Module:
    """Cross-entropy with label smoothing (Szegedy et al. 2016)."""
    return nn.CrossEntropyLoss(label_smoothing=label_smoothing)


class Focal(nn.Module):
    """Focal loss: the cross-entropy term of each class times (1 - p)^gamma (Lin et al. 2017)."""

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits and targets (B, classes) -> mean loss over the batch."""
        log_p = logits.log_softmax(-1)
        return -(targets * (1 - log_p.exp()) ** self.gamma * log_p).sum(-1).mean()
