"""Training losses. Targets are class probabilities, (B, classes): one-hot, or mixed by an augmentation."""

from torch import Tensor, nn


def cross_entropy(label_smoothing: float) -> nn.Module:
    """Cross-entropy, with label smoothing (Szegedy et al. 2016)."""
    return nn.CrossEntropyLoss(label_smoothing=label_smoothing)


class Focal(nn.Module):
    """Cross-entropy with each class's term discounted by (1 - p)^gamma (Lin et al. 2017)."""

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean over the batch; logits and targets (B, classes)."""
        log_p = logits.log_softmax(-1)
        return -(targets * (1 - log_p.exp()) ** self.gamma * log_p).sum(-1).mean()
