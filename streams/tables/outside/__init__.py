"""What is out in the city, as the tables know it: cameras, mobile units, and how often alarms were false."""
