"""docs/benchmark.md from bench/results. No figure in the documents comes from anywhere else."""
