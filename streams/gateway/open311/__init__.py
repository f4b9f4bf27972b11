"""Open311 GeoReport v2: the public standard by which citizens' apps read and send service requests.

The standard's words: a *service* is a category, a *service request* an order, and a *token* names a report whose order
is not known yet.
"""
