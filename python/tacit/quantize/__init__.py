"""From a float graph to an integer graph: scales, calibration, and a rule for every float operator."""

from tacit.quantize.options import Options

__all__ = ["Options"]
