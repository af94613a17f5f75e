"""The product: sign-in, pages, charts, slides, files and the command line."""
