#!/usr/bin/env bash
# On the command line.
#
# The whole way with commands, in a folder of its own. Run: bash examples/command_line.sh
set -euo pipefail

python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$python" - <<'PYTHON'
import numpy as np
from tacit.demo import models

trained = models.digits()
open("m.onnx", "wb").write(trained.onnx)
np.savez("x.npz", x=trained.calibration)
np.savez("one.npz", x=trained.unseen[:1])
PYTHON

tacit() { "$python" -m tacit.cli "$@"; }

tacit compile m.onnx --calibration x.npz -o m.tacit
tacit commit model m.tacit m.weights -o model
tacit prove m.tacit --model model.secret --input one.npz --context c0ffee --profile -o out.proof
tacit verify m.tacit out.proof --model model.commitment --context c0ffee
tacit inspect out.proof

echo "and with another context:"
if tacit verify m.tacit out.proof --model model.commitment --context decaf0; then
    echo "a proof was accepted for another context" >&2
    exit 1
fi
