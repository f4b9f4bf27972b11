"""The stream tables: the desk's absolute rows, held by Faust and answered for partition by partition."""
