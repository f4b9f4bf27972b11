"""The lake 数据湖: orders, facts, assignments and figures as Parquet, anywhere fsspec reaches, to be asked in SQL.

It holds no words that people wrote, no addresses and nobody's name: those can be erased, and a copy could not.
"""
