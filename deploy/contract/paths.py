"""Where the contract's files lie in a checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "shared" / "contracts"
SCHEMAS = CONTRACTS / "schemas"
RELEASED = SCHEMAS / "released"
SAMPLES = CONTRACTS / "samples"
CONSUMERS = CONTRACTS / "consumers"
CONVERSATIONS = CONTRACTS / "conversations"
DOCS = ROOT / "docs"
