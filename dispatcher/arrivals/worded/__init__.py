"""What two texts say of one incident: how alike their words are, and which numbers tell what they name apart."""
