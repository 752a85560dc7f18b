"""Taking over what a Marquez installation holds: read over its REST API or from its database, written as events.

What came to Marquez as events goes into the log as such. What people told it otherwise becomes the events that the same REST
calls would have made here, and only where headwater does not know it: an import adds, and never overrides.
"""
