"""The parts of the documentation that are made from the code: small functions that cog calls from within the pages.

In a page stands `<!-- [[[cog from streams.documents.… import …; cog.outl(…) ]]] -->`, then what it makes, then
`<!-- [[[end]]] -->`. `scripts/docs` makes all of it anew; a test fails while a page is not current.
"""
