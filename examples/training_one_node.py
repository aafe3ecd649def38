"""A training that is proven.

A node trains a published network on records that it shows to nobody, and proves the update: 40 steps of 32 records. A
prediction of the new model is proven, too. Run: python examples/training_one_node.py
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.datasets import load_breast_cancer

import tacit
from tacit import data, train

#: Column of the data set, least and greatest, and what is typical: public, and not taken from the records.
COLUMNS = {
    "radius": (0, 0, 40, 14, 4),
    "texture": (1, 0, 60, 19, 4),
    "perimeter": (2, 0, 250, 92, 24),
    "area": (3, 0, 4000, 650, 350),
    "smoothness": (4, 0, 0.3, 0.1, 0.015),
    "concavity": (6, 0, 1, 0.09, 0.08),
}
x, y = load_breast_cancer(return_X_y=True)
x = x[:, [column for column, *_ in COLUMNS.values()]]
schema = data.Schema(
    columns=tuple(
        data.Column.number(name, lo, hi, center=center, scale=scale)
        for name, (_, lo, hi, center, scale) in COLUMNS.items()
    ),
    label=data.Label.classes("diagnosis", ["malignant", "benign"]),
)
optimizer = train.SGD(rate=0.5, batch=32, steps=40)
task = train.compile(train.mlp(6, 8, 2), schema=schema, optimizer=optimizer, records=256)

records = schema.encode((x[:256], y[:256]))
secret = task.commit_data(records)
seed = bytes.fromhex("5a" * 32)  # from a beacon, later than the commitment

start = time.perf_counter()
update = task.prove(task.initial, secret, records, seed=seed, context=b"round 1")
proven = time.perf_counter()
task.verify(task.initial, update.weights, secret.commitment, update.proof, seed=seed, context=b"round 1")
verified = time.perf_counter()
print(f"40 steps proven: {len(update.proof) // 1024} KiB; {sum(v.size for v in update.weights.values())} weights")
print(f"in {proven - start:.1f} s, verified in {verified - proven:.2f} s")

unseen = schema.encode_features(x[256:512]) * 2.0**-schema.frac
for name, weights in (("base", task.initial), ("next", update.weights)):
    found = tacit.run(task.infer, task.weights(weights), {"x": unseen[:, None]}).outputs["prediction"]
    print(f"accuracy of the {name} on 256 other records: {(found.reshape(-1, 2).argmax(1) == y[256:512]).mean():.3f}")

lazy = {name: values.copy() for name, values in task.initial.items()}
try:
    task.verify(task.initial, lazy, secret.commitment, update.proof, seed=seed, context=b"round 1")
except tacit.InvalidProof as refusal:
    print("the base handed in as its own next: refused,", refusal.slug)

model = tacit.commit_model(task.infer, task.weights(update.weights))
answer = tacit.prove(task.infer, model, {"x": unseen[:1]})
statement = tacit.verify(task.infer, answer, model=task.weights(update.weights))
shares = np.round(statement.outputs["prediction"][0], 3).tolist()
print("a prediction under it, proven:", dict(zip(schema.classes or (), shares, strict=True)))
