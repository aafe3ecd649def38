"""How float operators become integer ones; importing this module registers every rule."""

from tacit.lowering import rules_conv, rules_linear, rules_round, rules_select, rules_views

__all__ = ["rules_conv", "rules_linear", "rules_round", "rules_select", "rules_views"]
