"""How models are made, judged, replaced and watched."""
