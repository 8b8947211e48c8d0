"""From images to logits to metrics; the network of a finished run."""
