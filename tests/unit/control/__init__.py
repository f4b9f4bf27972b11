"""What is in force: packs, announcements, switches, settings; and what other packs would come to."""
