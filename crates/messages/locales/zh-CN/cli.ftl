# Texts of cli.
