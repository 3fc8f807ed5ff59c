"""Region policy as dated, referenced data: what each pooling region allows, on which day, and on whose word.

policies = load()                                  # shared/policies/regions, optionally with an overlay
policy = policies.on("330100", date(2026, 3, 2))   # a Beijing date
policy.binding.relations, policy.version, policy.cite("binding.relations")
"""

from shared.policies.errors import PolicyError
from shared.policies.loader import Policies, load
from shared.policies.values import Citation, RegionPolicy

__all__ = ["Citation", "Policies", "PolicyError", "RegionPolicy", "load"]
