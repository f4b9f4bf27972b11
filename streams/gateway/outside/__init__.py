"""What is out in the city: cameras that are quiet, busy and silent, mobile units; and whose alarms are false."""
