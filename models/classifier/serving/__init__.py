"""What classifies: the artefact, its features, its confidence, its reasons. All that intake imports."""
