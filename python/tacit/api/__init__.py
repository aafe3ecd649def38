"""The public calls and objects; `tacit` re-exports them."""

from tacit import _load as _load  # before any of these modules imports tacit._native: picks the build for this processor
