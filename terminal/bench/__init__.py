"""The benchmarks: figures with their goal and, where one is installed, a peer in the same run."""
