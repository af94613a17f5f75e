"""The city's finance export beside the ledger: read → mapped → matched → booked, and what then still differs."""
