"""Rights on the cluster: who may read and write what, and how much."""
