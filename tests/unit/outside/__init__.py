"""Cameras and mobile units."""
