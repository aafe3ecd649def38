"""Datasets that are worth training on: schemas, commitments to records, proofs of what they hold, and who vouches for them.

    schema = tacit.data.Schema.load("heart.schema")
    program = tacit.data.compile(schema, records=569, histogram="public")
    dataset = tacit.data.commit_dataset(program, schema, "heart.csv")
    proof = tacit.data.prove_dataset(program, dataset)
    statement = tacit.data.verify_dataset(program, schema, proof, dataset.commitment)

Keys, manifests and lists of revocations need the extra `network`; pandas and Parquet the extra `data`.
"""

from tacit.data.checking import CheckedManifest, check_disjoint, check_manifest
from tacit.data.columns import Column, Label
from tacit.data.dataset import Dataset, DatasetStatement, commit_dataset, compile, prove_dataset, verify_dataset
from tacit.data.issuers import Issuer, Issuers, Revocations
from tacit.data.keys import Key, check_key, check_signature
from tacit.data.manifest import Manifest, Shard, task_digest
from tacit.data.records import Records, shards
from tacit.data.relations import program
from tacit.data.rules import Rule
from tacit.data.schema import Schema

__all__ = [
    "CheckedManifest",
    "Column",
    "Dataset",
    "DatasetStatement",
    "Issuer",
    "Issuers",
    "Key",
    "Label",
    "Manifest",
    "Records",
    "Revocations",
    "Rule",
    "Schema",
    "Shard",
    "check_disjoint",
    "check_key",
    "check_manifest",
    "check_signature",
    "commit_dataset",
    "compile",
    "program",
    "prove_dataset",
    "shards",
    "task_digest",
    "verify_dataset",
]
