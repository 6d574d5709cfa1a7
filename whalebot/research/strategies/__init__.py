"""The strategies that are shipped: the daemon's own scoring, and the moving-average cross of benchmarks."""
