"""Lines and branches, each alone, out of `coverage json`: it fails where one is below 98 %."""

import json
import sys

LEAST = 98.0

totals = json.load(sys.stdin)["totals"]
shares = []
for what, covered, of in (
    ("lines", totals["covered_lines"], totals["num_statements"]),
    ("branches", totals["covered_branches"], totals["num_branches"]),
):
    shares.append(100 * covered / of)
    print(f"{what}: {of - covered} of {of} not taken, {shares[-1]:.2f} % are")
sys.exit(min(shares) < LEAST)
