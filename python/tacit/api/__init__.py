"""The public calls and objects; `tacit` re-exports them."""
