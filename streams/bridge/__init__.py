"""The bridge role 一网同联: orders of a hub go down to its own platform as reports, their steps go up as updates."""
