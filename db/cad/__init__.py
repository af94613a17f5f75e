"""Reading any dispatch (CAD) export: sniff → map → parse → normalise → load. And the rules of call types."""
