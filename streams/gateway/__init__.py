"""HTTP for citizens, departments, operators and browsers: it takes in events and shows what the tables hold."""
