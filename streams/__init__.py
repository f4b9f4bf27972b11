"""What moves: Kafka, Faust, HTTP and the command line. Nothing is decided here."""
