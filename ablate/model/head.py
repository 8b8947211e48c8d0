"""The head of a network: the layer that gives the logits."""

from torch import nn


def head(model: nn.Module) -> set[str]:
    """Return the names of the parameters of the head: timm's classifier, else the last linear layer or convolution."""
    classifier = getattr(model, "get_classifier", None)
    layers: list[nn.Module] = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1:]
    if callable(classifier):
        found = classifier()
        layers = list(found) if isinstance(found, list | tuple | nn.ModuleList) else [found]
    parameters = {id(parameter) for layer in layers for parameter in layer.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in parameters}
