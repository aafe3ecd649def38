"""How float operators become integer ones; importing this package registers every rule."""

from tacit.quantize.rules import activation, convolution, layout, linear, selection

__all__ = ["activation", "convolution", "layout", "linear", "selection"]
