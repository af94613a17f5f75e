"""The only writes: each checks the viewer, validates, writes and audits in one transaction."""
