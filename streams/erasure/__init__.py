"""Erasure 删除: the keys of reports, what seals with them, what opens, and what destroys them."""
