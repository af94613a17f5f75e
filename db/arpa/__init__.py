"""The quarterly Project & Expenditure report of the American Rescue Plan Act (SLFRF), in the Treasury's labels.

A worksheet to copy from, not the Treasury's upload template (measures.md, section 6). What is asked stands in
``fields.csv`` and ``categories.csv``; ``worksheet`` fills it from the ledger and from what finance typed, ``checks``
says what is wrong with it, ``changes`` what a later entry did to a filed one, ``calendar`` what is due when.
"""
