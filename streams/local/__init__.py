"""All of Paidan on one machine: a local Kafka, processes, ports."""
