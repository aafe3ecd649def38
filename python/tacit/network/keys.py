"""Ed25519 keys of nodes and servers: those of `tacit.data`, which issuers sign manifests with."""

from tacit.data.keys import Key, check_key, check_signature

__all__ = ["Key", "check_key", "check_signature"]
