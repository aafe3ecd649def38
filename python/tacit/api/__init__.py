"""The public calls and objects; `tacit` re-exports them."""

# Before any of these modules imports tacit._native: it picks the build for this processor.
from tacit import _load as _load
