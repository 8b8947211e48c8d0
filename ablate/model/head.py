"""The head of a network: the layer that gives the logits."""

from torch import nn


def head(model: nn.Module) -> set[str]:
    """Return the names of the parameters of the head: timm's classifier, else the last linear layer or convolution.

    Empty if there is none.
    """
    layers = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    classifier = getattr(model, "get_classifier", lambda: layers[-1:])()  # several in a distilled transformer
    heads = classifier if isinstance(classifier, list | tuple | nn.ModuleList) else [classifier]
    parameters = {id(parameter) for layer in heads for parameter in layer.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in parameters}
