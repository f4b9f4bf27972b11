"""The project itself: its pages, decisions, files of deployment, benches."""
