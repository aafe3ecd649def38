"""How float operators become integer ones; importing this module registers every rule."""

from tacit.lowering import rules_linear, rules_nonlinear, rules_views

__all__ = ["rules_linear", "rules_nonlinear", "rules_views"]
