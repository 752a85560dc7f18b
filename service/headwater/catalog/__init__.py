"""Reads of the nouns: a module a noun, SQL here and nowhere above.

Every function makes a constant number of statements, whatever the size of its page: first the ids of the page, then one
statement for each kind of fact about all of them.
"""
