"""Benchmarks: figures in CPU seconds, with workload, machine and peers measured in the same run."""
