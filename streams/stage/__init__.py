"""The transactional stage: all partitions of a process in one transaction a cycle, fenced by claims."""
