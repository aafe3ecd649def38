"""Datasets that are worth training on: schemas, commitments to records, proofs of what they hold.

schema = tacit.data.Schema.load("heart.schema")
program = tacit.data.compile(schema, records=569, histogram="public")
dataset = tacit.data.commit_dataset(program, schema, "heart.csv")
proof = tacit.data.prove_dataset(program, dataset)
statement = tacit.data.verify_dataset(program, schema, proof, dataset.commitment)
"""

from tacit.data.columns import Column, Label
from tacit.data.dataset import Dataset, DatasetStatement, commit_dataset, compile, prove_dataset, verify_dataset
from tacit.data.records import Records, shards
from tacit.data.relations import program
from tacit.data.rules import Rule
from tacit.data.schema import Schema

__all__ = [
    "Column",
    "Dataset",
    "DatasetStatement",
    "Label",
    "Records",
    "Rule",
    "Schema",
    "commit_dataset",
    "compile",
    "program",
    "prove_dataset",
    "shards",
    "verify_dataset",
]
