"""A toy prover in plain Python: executes, commits and proves small programs as docs/protocol/protocol.md says."""
