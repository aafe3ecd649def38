"""How a training step goes forward and back through float operators; importing this package registers every rule."""

from tacit.train.rules import activation, arithmetic, convolution, layout, linear, pooling, reduction

__all__ = ["activation", "arithmetic", "convolution", "layout", "linear", "pooling", "reduction"]
